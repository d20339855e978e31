// help.*: configuration and data centres. The addresses given out are 10.255.0.N, which nobody can dial: a client that
// follows them is led by its own map (see ReadyLine.addresses), so no test can reach the real service by accident.

import type { TelegramServer } from '../server.ts';
import type { TlObject } from '../tl/layer.ts';
import { MAX_TEXT } from '../world/messages.ts';
import type { OpenMethod } from './context.ts';

export const addressOf = (dc: number): string => `10.255.0.${dc}`;

const CONFIG_LIFE = 3600;

function configOf(server: TelegramServer, dc: number): TlObject {
  const date = Math.floor(Date.now() / 1000);
  const ports = server.ports;
  return {
    _: 'config',
    date,
    expires: date + CONFIG_LIFE,
    test_mode: false,
    this_dc: dc,
    dc_options: server.dcs.map((id) => ({
      _: 'dcOption',
      id,
      ip_address: addressOf(id),
      port: ports[String(id)] ?? 443,
    })),
    dc_txt_domain_name: '',
    chat_size_max: 200,
    megagroup_size_max: 200_000,
    forwarded_count_max: 100,
    online_update_period_ms: 210_000,
    offline_blur_timeout_ms: 5_000,
    offline_idle_timeout_ms: 30_000,
    online_cloud_timeout_ms: 300_000,
    notify_cloud_delay_ms: 30_000,
    notify_default_delay_ms: 1_500,
    push_chat_period_ms: 60_000,
    push_chat_limit: 2,
    edit_time_limit: 172_800,
    revoke_time_limit: 2_147_483_647,
    revoke_pm_time_limit: 2_147_483_647,
    revoke_pm_inbox: true,
    rating_e_decay: 2_419_200,
    stickers_recent_limit: 200,
    channels_read_media_period: 604_800,
    call_receive_timeout_ms: 20_000,
    call_ring_timeout_ms: 90_000,
    call_connect_timeout_ms: 30_000,
    call_packet_timeout_ms: 10_000,
    me_url_prefix: 'https://t.me/',
    caption_length_max: 1024,
    message_length_max: MAX_TEXT,
    webfile_dc_id: dc,
  };
}

export const helpMethods: Readonly<Record<string, OpenMethod>> = {
  'help.getConfig': ({ server, dc }) => configOf(server, dc),
  'help.getNearestDc': ({ server, dc }) => ({
    _: 'nearestDc',
    country: 'FR',
    this_dc: dc,
    nearest_dc: server.dcs[0] ?? dc,
  }),
  'help.getAppConfig': (_context, request) =>
    request['hash'] === 1
      ? { _: 'help.appConfigNotModified' }
      : { _: 'help.appConfig', hash: 1, config: { _: 'jsonObject', value: [] } },
};
