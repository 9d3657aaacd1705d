/** The worker's side of the page: answers questions one after the other. */
import { UserError } from '../../model/user-error.ts'
import type { Answer, Question } from '../protocol.ts'
import { refusalWords } from './page-words.ts'
import { Session } from './session.ts'

/** What a worker has of its global scope; the page's own types are those of a document. */
interface Scope {
  onmessage: ((event: { data: Question }) => void) | null
  postMessage(answer: Answer): void
}
const scope = globalThis as unknown as Scope

const session = new Session()
/** A call begins once the one before it has ended: a list is not read while it is made anew. */
let before: Promise<void> = Promise.resolve()

scope.onmessage = ({ data }) => {
  before = before.then(() => answer(data))
}

async function answer({ id, call, argument }: Question): Promise<void> {
  try {
    const value = await session[call](argument as never)
    scope.postMessage({ id, value })
  } catch (error) {
    if (!(error instanceof UserError)) console.error(error)
    scope.postMessage({ id, error: refusalWords(error as UserError) })
  }
}
