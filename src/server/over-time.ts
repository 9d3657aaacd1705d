/** What a store holds, for a page that shows it over time; the questions stand in the address, which has no other signs. */
import { type Context, Hono } from 'hono'
import { UserError } from '../model/user-error.ts'
import {
  type Behind,
  fromAddress,
  GROUPINGS,
  type Grouping,
  type OverTime,
  type Span,
  type StoredExplanation,
} from '../ui/over-time.ts'

/** Each call may throw UserError: the store is in use, or gone. */
export interface StoreFeed {
  overTime(by: Grouping, asked: Partial<Span>): Promise<OverTime>
  behind(by: Grouping, name: string, span: Span): Promise<Behind>
  explanation(key: string): Promise<StoredExplanation | undefined>
}

/** Microseconds since 1970, or nothing is asked. */
const END = '{[0-9]{1,17}|any}'

/** Mounted behind the token. */
export function storeRoutes(feed: StoreFeed): Hono {
  const app = new Hono()
  app.get(`/by/:by/:from${END}/:until${END}`, (c) => {
    const by = groupingIn(c)
    return answer(c, by && feed.overTime(by, spanIn(c)))
  })
  app.get(`/behind/:by/:from${END}/:until${END}/:name`, (c) => {
    const by = groupingIn(c)
    const name = fromAddress(c.req.param('name'))
    const { from, until } = spanIn(c)
    const isAsked = by !== undefined && name !== undefined && from !== undefined && until !== undefined
    return answer(c, isAsked ? feed.behind(by, name, { from, until }) : undefined)
  })
  app.get('/exchange/:key', (c) => answer(c, feed.explanation(c.req.param('key'))))
  return app
}

const groupingIn = (c: Context): Grouping | undefined => GROUPINGS.find((one) => one === c.req.param('by'))

function spanIn(c: Context): Partial<Span> {
  const ends = (['from', 'until'] as const).filter((end) => c.req.param(end) !== 'any')
  return Object.fromEntries(ends.map((end) => [end, Number(c.req.param(end))]))
}

/** What cannot be asked or is not there is nowhere; what the store refuses is said in its words. */
async function answer(c: Context, asked: Promise<object | undefined> | undefined): Promise<Response> {
  try {
    const found = await asked
    return found ? c.json(found) : c.text('There is nothing here.\n', 404)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return c.json({ message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) }, 503)
  }
}
