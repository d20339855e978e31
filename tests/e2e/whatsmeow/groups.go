// What the client does to groups, one command each; the answers are what the library made of the server's. It knows no events.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"
)

// What is known of a group: its addresses as the group spells them.
type groupShown struct {
	ID            string            `json:"id"`
	Name          string            `json:"name"`
	Topic         string            `json:"topic"`
	Members       map[string]string `json:"members"`
	Addressing    string            `json:"addressing"`
	Announce      bool              `json:"announce"`
	Locked        bool              `json:"locked"`
	Approval      bool              `json:"approval"`
	AnyoneAdds    bool              `json:"anyoneAdds"`
	IsCommunity   bool              `json:"isCommunity"`
	Announcements bool              `json:"announcements"`
	Parent        string            `json:"parent"`
}

func shown(info *types.GroupInfo) (string, error) {
	members := map[string]string{}
	for _, one := range info.Participants {
		switch {
		case one.Error != 0:
			members[one.JID.String()] = fmt.Sprint(one.Error)
		case one.IsSuperAdmin:
			members[one.JID.String()] = "superadmin"
		case one.IsAdmin:
			members[one.JID.String()] = "admin"
		default:
			members[one.JID.String()] = "member"
		}
	}
	parent := ""
	if !info.LinkedParentJID.IsEmpty() {
		parent = info.LinkedParentJID.String()
	}
	return asJSON(groupShown{
		ID:            info.JID.String(),
		Name:          info.Name,
		Topic:         info.Topic,
		Members:       members,
		Addressing:    string(info.AddressingMode),
		Announce:      info.IsAnnounce,
		Locked:        info.IsLocked,
		Approval:      info.IsJoinApprovalRequired,
		AnyoneAdds:    info.MemberAddMode == types.GroupMemberAddModeAllMember,
		IsCommunity:   info.IsParent,
		Announcements: info.IsDefaultSubGroup,
		Parent:        parent,
	})
}

func asJSON(what any) (string, error) {
	bytes, err := json.Marshal(what)
	return string(bytes), err
}

func addresses(texts []string) ([]types.JID, error) {
	var found []types.JID
	for _, text := range texts {
		address, err := types.ParseJID(text)
		if err != nil {
			return nil, err
		}
		found = append(found, address)
	}
	return found, nil
}

// outcomes tells of each person why it was not done, or nothing.
func outcomes(people []types.GroupParticipant, err error) (string, error) {
	if err != nil {
		return "", err
	}
	all := map[string]int{}
	for _, one := range people {
		all[one.JID.String()] = one.Error
	}
	return asJSON(all)
}

// obeyAboutGroups is for what is not about a group that is there already.
func obeyAboutGroups(ctx context.Context, asked command) (answer string, known bool, err error) {
	switch asked.Do {
	case "create":
		answer, err = create(ctx, asked)
	case "look":
		var info *types.GroupInfo
		if info, err = client.GetGroupInfoFromLink(ctx, asked.Text); err == nil {
			answer, err = shown(info)
		}
	case "join":
		var joined types.JID
		if joined, err = client.JoinGroupWithLink(ctx, asked.Text); err == nil {
			answer = joined.String()
		}
	case "groups":
		var all []*types.GroupInfo
		if all, err = client.GetJoinedGroups(ctx); err == nil {
			names := []string{}
			for _, one := range all {
				names = append(names, one.Name)
			}
			answer, err = asJSON(names)
		}
	default:
		return "", false, nil
	}
	return answer, true, err
}

// create makes a group with the modes that `kinds` names, or a community, or a group in the community `chat`.
func create(ctx context.Context, asked command) (string, error) {
	people, err := addresses(asked.People)
	if err != nil {
		return "", err
	}
	request := whatsmeow.ReqCreateGroup{Name: asked.Text, Participants: people}
	for _, kind := range asked.Kinds {
		switch kind {
		case "announce":
			request.IsAnnounce = true
		case "locked":
			request.IsLocked = true
		case "approval":
			request.IsJoinApprovalRequired = true
		case "community":
			request.IsParent = true
		default:
			return "", fmt.Errorf("no group is %q", kind)
		}
	}
	if asked.Chat != "" {
		if request.LinkedParentJID, err = types.ParseJID(asked.Chat); err != nil {
			return "", err
		}
	}
	info, err := client.CreateGroup(ctx, request)
	if err != nil {
		return "", err
	}
	return shown(info)
}

// obeyInGroup is for what is done to the group `chat`.
func obeyInGroup(ctx context.Context, chat types.JID, asked command) (string, error) {
	people, err := addresses(asked.People)
	if err != nil {
		return "", err
	}
	switch asked.Do {
	case "group":
		info, err := client.GetGroupInfo(ctx, chat)
		if err != nil {
			return "", err
		}
		return shown(info)
	case "rename":
		return "", client.SetGroupName(ctx, chat, asked.Text)
	case "describe":
		return "", client.SetGroupTopic(ctx, chat, "", "", asked.Text)
	case "announce":
		return "", client.SetGroupAnnounce(ctx, chat, asked.On)
	case "lock":
		return "", client.SetGroupLocked(ctx, chat, asked.On)
	case "approval":
		return "", client.SetGroupJoinApprovalMode(ctx, chat, asked.On)
	case "anyone-adds":
		mode := types.GroupMemberAddModeAdmin
		if asked.On {
			mode = types.GroupMemberAddModeAllMember
		}
		return "", client.SetGroupMemberAddMode(ctx, chat, mode)
	case "add", "remove", "promote", "demote":
		return outcomes(client.UpdateGroupParticipants(ctx, chat, people, whatsmeow.ParticipantChange(asked.Do)))
	case "approve", "reject":
		return outcomes(client.UpdateGroupRequestParticipants(ctx, chat, people, whatsmeow.ParticipantRequestChange(asked.Do)))
	case "requests":
		requests, err := client.GetGroupRequestParticipants(ctx, chat)
		if err != nil {
			return "", err
		}
		var waiting []string
		for _, one := range requests {
			waiting = append(waiting, one.JID.String())
		}
		return strings.Join(waiting, " "), nil
	case "link":
		return client.GetGroupInviteLink(ctx, chat, asked.On)
	case "leave":
		return "", client.LeaveGroup(ctx, chat)
	}
	return obeyInCommunity(ctx, chat, people, asked)
}

// obeyInCommunity is for what is done to the community `chat`.
func obeyInCommunity(ctx context.Context, chat types.JID, people []types.JID, asked command) (string, error) {
	switch asked.Do {
	case "link-groups":
		for _, group := range people {
			if err := client.LinkGroup(ctx, chat, group); err != nil {
				return "", err
			}
		}
		return "", nil
	case "unlink-groups":
		for _, group := range people {
			if err := client.UnlinkGroup(ctx, chat, group); err != nil {
				return "", err
			}
		}
		return "", nil
	case "sub-groups":
		groups, err := client.GetSubGroups(ctx, chat)
		if err != nil {
			return "", err
		}
		names := map[string]string{}
		for _, one := range groups {
			kind := "group"
			if one.IsDefaultSubGroup {
				kind = "announcements"
			}
			names[one.JID.String()] = kind + " " + one.Name
		}
		return asJSON(names)
	case "everybody":
		all, err := client.GetLinkedGroupsParticipants(ctx, chat)
		if err != nil {
			return "", err
		}
		var everybody []string
		for _, one := range all {
			everybody = append(everybody, one.String())
		}
		return asJSON(everybody)
	case "community-picture":
		info, err := client.GetProfilePictureInfo(ctx, chat, &whatsmeow.GetProfilePictureParams{IsCommunity: true})
		if err != nil {
			return "", err
		}
		return info.ID + " " + info.URL, nil
	}
	return "", fmt.Errorf("nobody here can %q", asked.Do)
}
