// What businesses send, as the house shows it: every choice, where it leads, and what stands above it; nothing of it in silence.
import type { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import { expect, test } from '@jest/globals';
import { readMessage } from '../../../src/networks/whatsapp/read.ts';
import { contextWith, wire } from './support/wire.ts';

function shown(message: proto.IMessage): unknown {
  const [event] = readMessage(contextWith(), wire(message)).events;
  if (event?.kind !== 'message') return undefined;
  const [body] = event.parts;
  if (body?.kind === 'text') return body.text.text;
  return body?.kind === 'unsupported' ? [body.what, body.fallback?.text] : body;
}

const flow = (...params: readonly object[]): proto.Message.InteractiveMessage.INativeFlowMessage => ({
  buttons: params.map((one) => ({ name: 'x', buttonParamsJson: JSON.stringify(one) })),
});
const button = (displayText: string): object => ({ buttonText: { displayText } });
const file = { fileName: 'invoice.pdf', mimetype: 'application/pdf' };

test.each<readonly [string, proto.IMessage, unknown]>([
  [
    'buttons',
    { buttonsMessage: { contentText: 'Which day?', buttons: [button('Monday'), button('Tuesday')] } },
    'Which day?\n• Monday\n• Tuesday',
  ],
  [
    'rows of a list',
    {
      listMessage: { title: 'Menu', sections: [{ title: 'Starters', rows: [{ title: 'Soup', description: 'hot' }] }] },
    },
    'Menu\nStarters\n• Soup: hot',
  ],
  [
    'addresses and numbers behind the buttons of a template',
    {
      templateMessage: {
        hydratedTemplate: {
          hydratedContentText: 'Your parcel',
          hydratedButtons: [
            { urlButton: { displayText: 'Track', url: 'https://parcel.example/1' } },
            { callButton: { displayText: 'Call', phoneNumber: '+33102030405' } },
            { quickReplyButton: { displayText: 'Later' } },
          ],
        },
      },
    },
    'Your parcel\n• Track: https://parcel.example/1\n• Call: +33102030405\n• Later',
  ],
  [
    'a picture above words',
    { buttonsMessage: { contentText: 'Our offer', imageMessage: { mimetype: 'image/jpeg' } } },
    ['kind.photo', 'Our offer'],
  ],
  [
    'a document above a template',
    { templateMessage: { hydratedTemplate: { hydratedContentText: 'Here', documentMessage: file } } },
    ['kind.file', 'invoice.pdf\nHere'],
  ],
  [
    'the cards of a carousel',
    {
      interactiveMessage: {
        body: { text: 'Look' },
        carouselMessage: {
          cards: [
            { header: { title: 'One', videoMessage: {} }, body: { text: 'first' } },
            { body: { text: 'second' } },
          ],
        },
      },
    },
    ['kind.video', 'Look\nOne\nfirst\nsecond'],
  ],
  [
    'a code to copy',
    {
      interactiveMessage: {
        body: { text: '' },
        nativeFlowMessage: flow({ display_text: 'Copy', copy_code: '123456' }),
      },
    },
    '• Copy: 123456',
  ],
  [
    'a list in a flow, and what is none',
    {
      interactiveMessage: {
        body: { text: 'x' },
        nativeFlowMessage: {
          buttons: [
            { buttonParamsJson: '{' },
            { buttonParamsJson: 'null' },
            ...(flow({ title: 'Open', sections: [{ title: 'S', rows: [{ title: 'a' }, 1, { id: 'b' }] }] }).buttons ??
              []),
          ],
        },
      },
    },
    'x\n• Open\nS\n• a',
  ],
])('%s', (_, message, expected) => {
  expect(shown(message)).toEqual(expected);
});
