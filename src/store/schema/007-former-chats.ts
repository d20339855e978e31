// Step 7: the chats that lead to another one are found by it.
export const formerChats = `
create index portal_into on portal (network, into_chat) where into_chat is not null;
`;
