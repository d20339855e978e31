// Step 2: reactions kept as links of their own, and a login's own ids for messages of shared chats.
export const reactionsAndAliases = `
create table reaction_link (
  portal text not null, message text not null, person text not null, event text not null unique, emoji text not null,
  primary key (portal, message, person)
);
create table message_alias (
  puppet text not null, native text not null, message text not null, primary key (puppet, native)
);
`;
