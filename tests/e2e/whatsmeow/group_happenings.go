// What the client tells of what happens to groups: a line for each change, however many came at once. It knows no command.
package main

import (
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
)

func texts(addresses []types.JID) []string {
	found := []string{}
	for _, one := range addresses {
		found = append(found, one.String())
	}
	return found
}

func toldOfJoining(what *events.JoinedGroup) {
	line := fields{"event": "joined", "chat": what.JID.String(), "text": what.Name, "kind": what.Type}
	if what.Sender != nil {
		line["sender"] = what.Sender.String()
	}
	say(line)
}

func toldOfGroup(what *events.GroupInfo) {
	tell := func(kind string, more fields) {
		line := fields{"event": "group", "chat": what.JID.String(), "kind": kind}
		if what.Sender != nil {
			line["sender"] = what.Sender.ToNonAD().String()
		}
		for name, value := range more {
			line[name] = value
		}
		say(line)
	}
	if what.Name != nil {
		tell("name", fields{"text": what.Name.Name})
	}
	if what.Topic != nil {
		tell("topic", fields{"text": what.Topic.Topic})
	}
	if what.Locked != nil {
		tell("locked", fields{"on": what.Locked.IsLocked})
	}
	if what.Announce != nil {
		tell("announce", fields{"on": what.Announce.IsAnnounce})
	}
	if what.MembershipApprovalMode != nil {
		tell("approval", nil)
	}
	if what.NewInviteLink != nil {
		tell("link", fields{"text": *what.NewInviteLink})
	}
	if what.Link != nil {
		tell("linked", fields{"text": string(what.Link.Type), "target": what.Link.Group.JID.String()})
	}
	if what.Unlink != nil {
		tell("unlinked", fields{"text": string(what.Unlink.Type), "target": what.Unlink.Group.JID.String()})
	}
	for kind, people := range map[string][]types.JID{
		"add": what.Join, "remove": what.Leave, "promote": what.Promote, "demote": what.Demote,
	} {
		// One line for each person.
		for _, person := range texts(people) {
			tell(kind, fields{"target": person, "text": what.JoinReason})
		}
	}
	for _, change := range what.UnknownChanges {
		tell("unknown", fields{"text": change.Tag})
	}
}
