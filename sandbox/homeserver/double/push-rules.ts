// The push rules every client asks for at its start; nothing here is ever pushed.

/** GET /pushrules/: clients only need the shape and one rule of each kind they look for. */
export const PUSH_RULES = {
  global: {
    override: [
      { rule_id: '.m.rule.master', default: true, enabled: false, conditions: [], actions: [] },
      {
        rule_id: '.m.rule.invite_for_me',
        default: true,
        enabled: true,
        conditions: [
          { kind: 'event_match', key: 'type', pattern: 'm.room.member' },
          { kind: 'event_match', key: 'content.membership', pattern: 'invite' },
        ],
        actions: ['notify'],
      },
    ],
    content: [],
    room: [],
    sender: [],
    underride: [
      {
        rule_id: '.m.rule.message',
        default: true,
        enabled: true,
        conditions: [{ kind: 'event_match', key: 'type', pattern: 'm.room.message' }],
        actions: ['notify'],
      },
    ],
  },
};
