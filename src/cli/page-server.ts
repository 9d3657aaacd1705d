/** The page's server, as commands start it: on a port that a person may choose. */
import { printable } from '../model/printable.ts'
import { isSystemError, reasonOf } from '../model/system-error.ts'
import { UserError } from '../model/user-error.ts'
import { type ServeOptions, type Serving, startServer } from '../server/server.ts'
import { ownFiles } from './own-files.ts'

/** The built page, and the port of `--port`. Throws UserError. */
export function placeOf({ port }: { port?: string }): Pick<ServeOptions, 'page'> & { port: { port?: number } } {
  const page = ownFiles('dist/page')
  if (page.size === 0)
    throw new UserError('The page is not built yet: run `npm ci` (or `npm run build`) in its folder.')
  return { page, port: port === undefined ? {} : { port: portOf(port) } }
}

function portOf(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port >= 1 && port <= 65535) return port
  throw new UserError(`--port ${printable(text)}: give a number from 1 to 65535.`)
}

/** Throws UserError. */
export async function startPage(options: ServeOptions): Promise<Serving> {
  try {
    return await startServer(options)
  } catch (error) {
    if (!isSystemError(error)) throw error
    const reason = error.code === 'EADDRINUSE' ? 'another program uses this port' : reasonOf(error)
    throw new UserError(
      options.port === undefined
        ? `nfwhy cannot listen on this machine's loopback address: ${reason}.`
        : `--port ${options.port}: ${reason}.`,
      ...(error.code === 'EADDRINUSE' ? ['Leave out --port: nfwhy finds a free one.'] : []),
    )
  }
}
