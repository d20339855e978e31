// Codes to scan, as the management room shows them: one picture whose newest code takes the place of the last; knows no network.
import { afterEach, expect, test } from '@jest/globals';
import { say } from '../../src/model/say.ts';
import { toldInManagement } from '../../src/flow/tellings.ts';
import { forbidden } from '../support/memory-matrix.ts';
import { FlowWorld, marie } from '../support/flow-world.ts';

let stop: () => Promise<void> = async () => await Promise.resolve();
afterEach(async () => await stop());

async function build() {
  const world = new FlowWorld();
  const house = await world.start();
  stop = async () => await house.stop();
  /** One after the other, each good for a minute from now. */
  const show = async (number: number, seconds = 60): Promise<void> => {
    const after = Array.from({ length: number - 1 }, (_, n) => `login:x/${n + 1}`);
    const until = world.clock.now() + seconds * 1000;
    const shown = { form: 'qr', data: `code-${number}`, until, ...(number === 1 ? {} : { after }) } as const;
    await toldInManagement(house.flow, marie, `login:x/${number}`, say('whatsapp.show-qr'), { show: shown });
    await world.run();
  };
  /** What the room holds: words, and the code in the picture beside them. */
  const seen = async () => {
    const room = (await house.store.persons.find(marie))?.managementRoom;
    if (room === undefined) return [];
    const { timeline } = world.matrix.room(room);
    return world.matrix.seen(room).map(({ event, text }) => {
      const last = timeline.findLast(({ event_id: id, content }) => {
        const relation = content['m.relates_to'] as { event_id?: string } | undefined;
        return id === event || relation?.event_id === event;
      });
      const { url } = (last?.content['m.new_content'] ?? last?.content ?? {}) as { url?: string };
      return {
        words: text.split('\n').at(-1),
        picture: url === undefined ? undefined : world.matrix.pictures.get(url),
      };
    });
  };
  return { world, show, seen };
}

test('each new code takes the place of the last, in the picture and in the words below it', async () => {
  const { show, seen } = await build();
  await show(1);
  expect(await seen()).toEqual([{ words: 'code-1', picture: 'code-1' }]);
  await show(2);
  await show(3);
  expect(await seen()).toEqual([{ words: 'code-3', picture: 'code-3' }]);
});

test('a first code that came too late is not shown; the next one has a place of its own, which the third takes', async () => {
  const { show, seen } = await build();
  await show(1, -1);
  expect(await seen()).toEqual([]);
  await show(2);
  await show(3);
  expect(await seen()).toEqual([{ words: 'code-3', picture: 'code-3' }]);
});

test('a homeserver that takes no pictures leaves the words', async () => {
  const { world, show, seen } = await build();
  world.matrix.before = (method) => {
    if (method === 'drawCode') throw forbidden();
  };
  await show(1);
  expect(await seen()).toEqual([{ words: 'code-1', picture: undefined }]);
});

test('codes that are worth nothing any more leave the room with the last word', async () => {
  const { world, show, seen } = await build();
  await show(1);
  await show(2);
  const ends = ['login:x/1', 'login:x/2'];
  if (world.house === undefined) throw new Error('no house');
  await toldInManagement(world.house.flow, marie, 'login:x/end', say('login.timed-out', { network: 'W' }), { ends });
  await world.run();
  expect(await seen()).toEqual([{ words: expect.stringContaining('ten minutes'), picture: undefined }]);
});
