// What a business has to say: its words, what one may choose from, and which kind of thing it put above them. Pure, knows no chat.
import type { proto } from '@whiskeysockets/baileys/WAProto/index.js';

type Message = proto.IMessage;
type Interactive = proto.Message.IInteractiveMessage;
type Hydrated = proto.Message.TemplateMessage.IHydratedFourRowTemplate;
export type Texts = readonly (string | null | undefined)[];

/** A carousel holds cards; cards hold none. */
const DEEPEST = 2;

/** In the order in which a phone shows them. */
export function businessTexts(content: Message): Texts {
  const { buttonsMessage: buttons, listMessage: list, interactiveMessage: card } = content;
  return [
    buttons?.text,
    nameOf(buttons),
    buttons?.contentText,
    buttons?.footerText,
    ...(buttons?.buttons ?? []).map((one) => choice(one.buttonText?.displayText)),
    list?.title,
    list?.description,
    list?.footerText,
    ...(list?.sections ?? []).flatMap(({ title, rows }) => [
      title,
      ...(rows ?? []).map((row) => choice(row.title, row.description)),
    ]),
    ...cardTexts(card),
    ...templateTexts(content),
  ];
}

/** The catalogue's word for what stands above the words, which only a phone shows. */
export function businessHeader(content: Message): string | undefined {
  const { buttonsMessage: buttons, interactiveMessage: card } = content;
  const holders = [buttons, card?.header, ...(card?.carouselMessage?.cards ?? []).map((one) => one.header)];
  return kindIn([...holders, hydratedIn(content)]);
}

interface Holder {
  readonly imageMessage?: object | null;
  readonly videoMessage?: object | null;
  readonly documentMessage?: proto.Message.IDocumentMessage | null;
  readonly locationMessage?: object | null;
}

function kindIn(holders: readonly (Holder | null | undefined)[]): string | undefined {
  for (const holder of holders) {
    if (holder?.imageMessage) return 'kind.photo';
    if (holder?.videoMessage) return 'kind.video';
    if (holder?.documentMessage) return 'kind.file';
    if (holder?.locationMessage) return 'kind.location';
  }
  return undefined;
}

function nameOf(holder: Holder | null | undefined): string | null | undefined {
  return holder?.documentMessage?.fileName ?? holder?.documentMessage?.title;
}

function cardTexts(card: Interactive | null | undefined, depth = 1): Texts {
  const cards = depth < DEEPEST ? (card?.carouselMessage?.cards ?? []) : [];
  return [
    card?.header?.title,
    nameOf(card?.header),
    card?.body?.text,
    card?.footer?.text,
    ...(card?.nativeFlowMessage?.buttons ?? []).flatMap(({ buttonParamsJson }) => flowTexts(buttonParamsJson)),
    ...cards.flatMap((one) => cardTexts(one, depth + 1)),
  ];
}

/** A button of a flow tells in JSON what it is called and where it leads: an address, a number, a code to copy, or a list. */
function flowTexts(json: string | null | undefined): Texts {
  let found: unknown;
  try {
    found = JSON.parse(json ?? '');
  } catch {
    // A business wrote it: what is no JSON has nothing to show.
    return [];
  }
  const of = (value: unknown, name: string): unknown =>
    typeof value === 'object' && value !== null && Object.hasOwn(value, name)
      ? (value as Readonly<Record<string, unknown>>)[name]
      : undefined;
  const word = (value: unknown, name: string): string | undefined => {
    const text = of(value, name);
    return typeof text === 'string' ? text : undefined;
  };
  const list = (value: unknown, name: string): readonly unknown[] => {
    const all = of(value, name);
    return Array.isArray(all) ? (all as readonly unknown[]) : [];
  };
  const leads = word(found, 'url') ?? word(found, 'phone_number') ?? word(found, 'copy_code');
  const rows = list(found, 'sections').flatMap((section) => [
    word(section, 'title'),
    ...list(section, 'rows').map((row) => choice(word(row, 'title'), word(row, 'description'))),
  ]);
  return [choice(word(found, 'display_text') ?? word(found, 'title'), leads), ...rows];
}

function hydratedIn({ templateMessage: template, highlyStructuredMessage: structured }: Message): Hydrated | undefined {
  const either = (one: proto.Message.ITemplateMessage | null | undefined): Hydrated | null | undefined =>
    one?.hydratedTemplate ?? one?.hydratedFourRowTemplate;
  return either(template) ?? either(structured?.hydratedHsm) ?? undefined;
}

function templateTexts(content: Message): Texts {
  const hydrated = hydratedIn(content);
  return [
    hydrated?.hydratedTitleText,
    nameOf(hydrated),
    hydrated?.hydratedContentText,
    hydrated?.hydratedFooterText,
    ...(hydrated?.hydratedButtons ?? []).map(({ urlButton, callButton, quickReplyButton }) =>
      urlButton
        ? choice(urlButton.displayText, urlButton.url)
        : callButton
          ? choice(callButton.displayText, callButton.phoneNumber)
          : choice(quickReplyButton?.displayText),
    ),
    ...cardTexts(content.templateMessage?.interactiveMessageTemplate),
  ];
}

/** What one may choose, and where it leads; nothing for what says neither. */
function choice(...words: Texts): string | undefined {
  const said = words.filter((word) => typeof word === 'string' && word.trim() !== '');
  return said.length === 0 ? undefined : `• ${said.join(': ')}`;
}
