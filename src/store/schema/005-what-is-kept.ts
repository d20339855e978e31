// Step 5: what nothing uses goes. What is old is found by walking through its table now and then, not by an index written with each row.
export const whatIsKept = `
drop table message_alias;
drop index seen_at;
`;
