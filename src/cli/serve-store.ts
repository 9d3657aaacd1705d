/** `nfwhy serve --store URL`: what a store holds, over time. */
import type { StoreFeed } from '../server/over-time.ts'
import type { Reader } from '../store/store.ts'

/** The store is opened for each question: between two of them others write to it. Throws UserError where there is none. */
export async function storeFeed(url: string): Promise<StoreFeed> {
  const { behindBar, openReader, overTime, parseStoreUrl, storedExplanation } = await import('../store/index.ts')
  const place = parseStoreUrl(url)
  const ask = async <T>(question: (reader: Reader) => Promise<T>): Promise<T> => {
    const reader = await openReader(place)
    try {
      return await question(reader)
    } finally {
      reader.close()
    }
  }
  await ask(async () => {})
  return {
    overTime: (by, asked) => ask((reader) => overTime(reader, by, asked)),
    behind: (by, name, span) => ask((reader) => behindBar(reader, by, name, span)),
    explanation: (key) => ask((reader) => storedExplanation(reader, key)),
  }
}
