// auth.* and account.*: logins by code, password and QR, and their end (core.telegram.org/api/auth, /api/srp,
// /api/qr-login). Knows no sockets.

import { randomBytes } from 'node:crypto';
import type { TlObject } from '../tl/layer.ts';
import { DH_G, DH_PRIME } from '../wire/crypto.ts';
import { View } from '../world/view.ts';
import { Refusal } from '../../refusal.ts';
import { plainPhone, type Human } from '../world/people.ts';
import { asBytes, asLong, asNumber, asObject, asText, type Context, type Method, type OpenMethod } from './context.ts';
import { CODE_LENGTH } from './logins.ts';

const CODE_TIMEOUT = 60;
/** The service account that brings login codes. */
export const SERVICE_ID = '777000';

const authorization = ({ server }: Context, person: Human): TlObject => ({
  _: 'auth.authorization',
  user: new View(server.world, person).user(person),
});

function phoneOf(request: TlObject): string {
  const phone = plainPhone(asText(request['phone_number']));
  if (!/^\d{5,15}$/.test(phone)) throw new Refusal(400, 'PHONE_NUMBER_INVALID');
  return phone;
}

function checkApi(request: TlObject): void {
  if (asNumber(request['api_id']) <= 0 || asText(request['api_hash']) === '') throw new Refusal(400, 'API_ID_INVALID');
}

/** The person must live here: otherwise the client is sent to the right data centre. */
function atHome(context: Context, phone: string): Human | undefined {
  const person = context.server.world.people.byPhone(phone);
  if (person !== undefined && person.dc !== context.dc) throw new Refusal(303, `PHONE_MIGRATE_${person.dc}`);
  if (person?.state === 'banned') throw new Refusal(400, 'PHONE_NUMBER_BANNED');
  return person;
}

function sendCode(context: Context, phone: string): TlObject {
  const { server } = context;
  const person = atHome(context, phone);
  const sent = server.logins.sendCode(phone);
  const inApp = server.options.codeInApp && person !== undefined && server.keys.ofAccount(person.id).length > 0;
  if (inApp) {
    const service =
      server.world.people.get(BigInt(SERVICE_ID)) ??
      server.world.people.create({ id: SERVICE_ID, firstName: 'Telegram', phone: '42777' });
    const text = `Login code: ${sent.code}. Do not give this code to anyone, even if they say they are from Telegram!`;
    server.world.messages.write(service, person, { text });
  }
  return {
    _: 'auth.sentCode',
    type: { _: inApp ? 'auth.sentCodeTypeApp' : 'auth.sentCodeTypeSms', length: CODE_LENGTH },
    phone_code_hash: sent.hash,
    timeout: CODE_TIMEOUT,
  };
}

function loginToken(context: Context): TlObject {
  const { server, key } = context;
  const mine = server.logins.token(key);
  if ('token' in mine) return { _: 'auth.loginToken', expires: mine.expires, token: mine.token };
  const person = server.world.people.get(mine.account);
  if (person === undefined) throw new Refusal(400, 'AUTH_TOKEN_INVALID');
  if (person.dc !== context.dc) {
    return { _: 'auth.loginTokenMigrateTo', dc_id: person.dc, token: server.logins.exportTo(person.id) };
  }
  server.logins.enter(key, person);
  return { _: 'auth.loginTokenSuccess', authorization: authorization(context, person) };
}

export const authMethods: Readonly<Record<string, OpenMethod>> = {
  'auth.sendCode': (context, request) => {
    checkApi(request);
    return sendCode(context, phoneOf(request));
  },
  'auth.resendCode': (context, request) => {
    const phone = phoneOf(request);
    context.server.logins.checkHash(phone, asText(request['phone_code_hash']));
    return sendCode(context, phone);
  },
  'auth.cancelCode': ({ server }, request) => {
    server.logins.cancelCode(phoneOf(request), asText(request['phone_code_hash']));
    return true;
  },
  'auth.signIn': (context, request) => {
    const phone = phoneOf(request);
    const person = atHome(context, phone);
    const [hash, code] = [asText(request['phone_code_hash']), asText(request['phone_code'])];
    context.server.logins.takeCode(phone, hash, code);
    if (person === undefined) return { _: 'auth.authorizationSignUpRequired' };
    context.server.logins.enter(context.key, person);
    return authorization(context, person);
  },
  'auth.logOut': ({ server, key, session }) => {
    server.keys.logout(key);
    session.receives = false;
    server.world.news.touch();
    return { _: 'auth.loggedOut' };
  },
  'account.getPassword': ({ server, key }) => {
    const person = server.logins.passwordOwner(key);
    const challenge = server.logins.challenge(key, person);
    const algo = (salt1: Buffer, salt2: Buffer): TlObject => ({
      _: 'passwordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow',
      salt1,
      salt2,
      g: DH_G,
      p: DH_PRIME,
    });
    return {
      _: 'account.password',
      ...(challenge === null || person.password === null
        ? {}
        : {
            has_password: true,
            current_algo: algo(person.password.salt1, person.password.salt2),
            srp_B: challenge.b,
            srp_id: challenge.id,
            ...(person.password.hint === '' ? {} : { hint: person.password.hint }),
          }),
      new_algo: algo(randomBytes(8), randomBytes(16)),
      new_secure_algo: { _: 'securePasswordKdfAlgoPBKDF2HMACSHA512iter100000', salt: randomBytes(8) },
      secure_random: randomBytes(256),
    };
  },
  'auth.checkPassword': (context, request) => {
    const proof = asObject(request['password']);
    if (proof._ !== 'inputCheckPasswordSRP') throw new Refusal(400, 'PASSWORD_HASH_INVALID');
    const { server, key } = context;
    const person = server.logins.checkPassword(key, asLong(proof['srp_id']), asBytes(proof['A']), asBytes(proof['M1']));
    return authorization(context, person);
  },
  'auth.exportLoginToken': (context, request) => {
    checkApi(request);
    return loginToken(context);
  },
  'auth.importLoginToken': (context, request) => {
    const ticket = asBytes(request['token']);
    const person = context.server.logins.ticketOwner(ticket);
    context.server.logins.enter(context.key, context.server.logins.import(ticket, person));
    const human = context.server.world.people.get(person);
    if (human === undefined) throw new Refusal(400, 'AUTH_TOKEN_INVALID');
    return { _: 'auth.loginTokenSuccess', authorization: authorization(context, human) };
  },
  'auth.importAuthorization': (context, request) => {
    const person = context.server.logins.import(asBytes(request['bytes']), asLong(request['id']));
    context.server.keys.login(context.key, person.id);
    return authorization(context, person);
  },
};

export const accountMethods: Readonly<Record<string, Method>> = {
  'account.updateStatus': () => true,
  'auth.exportAuthorization': ({ server, dc, me }, request) => {
    const target = asNumber(request['dc_id']);
    if (target === dc || !server.dcs.includes(target)) throw new Refusal(400, 'DC_ID_INVALID');
    return { _: 'auth.exportedAuthorization', id: me.id, bytes: server.logins.exportTo(me.id) };
  },
  'auth.acceptLoginToken': ({ server, me }, request) => {
    const date = Math.floor(Date.now() / 1000);
    const key = server.logins.acceptToken(asBytes(request['token']), me.id);
    return {
      _: 'authorization',
      hash: BigInt.asIntN(64, key.id),
      device_model: 'unknown',
      platform: 'unknown',
      system_version: '',
      api_id: 1,
      app_name: 'unknown',
      app_version: '',
      date_created: date,
      date_active: date,
      ip: '127.0.0.1',
      country: 'FR',
      region: '',
    };
  },
  'auth.resetAuthorizations': ({ server, me, key }) => {
    server.revoke(me.id, 'SESSION_REVOKED', key);
    return true;
  },
};
