// Step 10: the portals of one chat, whoever's, are found by it.
export const portalsOfAChat = `
create index portal_chat on portal (network, chat);
`;
