// What the client tells of what happens to it, one JSON line each. It knows the library's events and no command.
package main

import (
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types/events"
)

func told(event any) {
	switch what := event.(type) {
	case *events.QR:
		say(fields{"event": "qr", "codes": what.Codes})
	case *events.PairSuccess:
		say(fields{"event": "paired", "pn": what.ID.String(), "lid": what.LID.String()})
	case *events.PairError:
		say(fields{"event": "refused", "error": what.Error.Error()})
	case *events.Connected:
		say(fields{"event": "connected"})
	case *events.Disconnected:
		say(fields{"event": "disconnected"})
	case *events.LoggedOut:
		say(fields{"event": "logged-out", "reason": what.Reason.String()})
	case *events.StreamError:
		say(fields{"event": "stream-error", "code": what.Code})
	case *events.PushNameSetting:
		say(fields{"event": "name", "text": what.Action.GetName()})
	case *events.UndecryptableMessage:
		say(fields{"event": "unreadable", "id": what.Info.ID})
	case *events.Picture:
		kind := "set"
		if what.Remove {
			kind = "removed"
		}
		say(fields{
			"event": "picture", "kind": kind, "id": what.PictureID, "chat": what.JID.String(), "sender": what.Author.String(),
		})
	case *events.JoinedGroup:
		toldOfJoining(what)
	case *events.GroupInfo:
		toldOfGroup(what)
	case *events.Receipt:
		kind := string(what.Type)
		if kind == "" {
			kind = "delivery"
		}
		for _, id := range what.MessageIDs {
			say(fields{"event": "receipt", "id": id, "kind": kind, "from": what.Sender.ToNonAD().String()})
		}
	case *events.Message:
		line := fields{
			"event":  "message",
			"id":     what.Info.ID,
			"chat":   what.Info.Chat.String(),
			"sender": what.Info.Sender.ToNonAD().String(),
			"fromMe": what.Info.IsFromMe,
		}
		describe(line, what.Message)
		say(line)
	}
}

func textOf(message *waE2E.Message) string {
	if text := message.GetConversation(); text != "" {
		return text
	}
	return message.GetExtendedTextMessage().GetText()
}

func describe(line fields, message *waE2E.Message) {
	reaction, protocol := message.GetReactionMessage(), message.GetProtocolMessage()
	switch {
	case reaction != nil:
		line["kind"], line["text"], line["target"] = "reaction", reaction.GetText(), reaction.GetKey().GetID()
	case protocol != nil && protocol.GetType() == waE2E.ProtocolMessage_MESSAGE_EDIT:
		line["kind"], line["text"], line["target"] = "edit", textOf(protocol.GetEditedMessage()), protocol.GetKey().GetID()
	case protocol != nil && protocol.GetType() == waE2E.ProtocolMessage_REVOKE:
		line["kind"], line["target"] = "revoke", protocol.GetKey().GetID()
	case protocol != nil:
		line["kind"] = "protocol"
	case textOf(message) != "":
		line["kind"], line["text"] = "text", textOf(message)
	default:
		line["kind"] = "other"
	}
}
