// Paths of files: how they are sent and fetched.
import { MatrixError } from '../json.ts';
import { CLIENT, Routes, type Call } from './route.ts';

export const routes = new Routes();

routes.on('GET', `${CLIENT}/media/config`, () => ({ 'm.upload.size': 200 * 1024 * 1024 }));
routes.on('GET', '/_matrix/media/(?:v1|v3|r0)/config', () => ({ 'm.upload.size': 200 * 1024 * 1024 }));
routes.on('POST', '/_matrix/media/v1/create', (call) => call.hs.media.create(call.who()));
routes.on('POST', '/_matrix/media/(?:v3|r0)/upload', (call) =>
  call.hs.media.upload(call.who(), measured(call), call.contentType, call.query.get('filename') ?? undefined),
);
routes.on('PUT', '/_matrix/media/v3/upload/:server/:id', (call, server = '', id = '') =>
  call.hs.media.fill(call.who(), server, id, measured(call), call.contentType, call.query.get('filename') ?? undefined),
);

function measured(call: Call): Buffer {
  if (!call.measured) throw new MatrixError(400, 'M_UNKNOWN', 'Request must specify a Content-Length');
  return call.bytes;
}
for (const tail of ['', '/:name']) {
  routes.on('GET', `/_matrix/client/v1/media/download/:server/:id${tail}`, (call, server = '', id = '') => {
    call.who();
    const { bytes, media } = call.hs.media.download(server, id);
    return { status: 200, body: bytes, headers: { 'content-type': media.contentType } };
  });
}
