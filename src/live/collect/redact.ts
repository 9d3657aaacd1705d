/** What was gathered, with other addresses and names. */
import { recognise } from '../../read/recognise.ts'
import { type Redactor, redactingStream, redactPlain } from '../../redact/index.ts'
import { type Answer, type Gathered, isNote } from './gather.ts'

/** So that its host is replaced in what stands before its name, too. */
export const learnNames = ({ host }: Gathered, redactor: Redactor): void => redactor.names.learn(host)

/** Notes are left out: they may hold anything. */
export function redactMachine(machine: Gathered, redactor: Redactor): Gathered {
  const { host, about, answers, broken } = machine
  const name = host === '' ? '' : redactor.names.host(host)
  return {
    ...machine,
    host: name,
    about: about.replace(/^host .*$/m, `host ${name}`),
    answers: answers.filter((one) => !isNote(one)).map((one) => redactAnswer(one, redactor)),
    ...(broken === undefined ? {} : { broken: redactPlain(broken, redactor) }),
  }
}

function redactAnswer(answer: Answer, redactor: Redactor): Answer {
  const remark = redactPlain(answer.remark, redactor)
  if (answer.bytes.length === 0) return { ...answer, remark }
  const head = String.fromCharCode(...answer.bytes.subarray(0, 65_536))
  const format = recognise(head)?.format.id
  const stream = format === undefined ? undefined : redactingStream(format, redactor)
  if (!stream)
    return {
      ...answer,
      bytes: new Uint8Array(0),
      word: 'failed',
      remark: 'nfwhy could not redact it, so it was left out',
    }
  const [begin, end] = [stream.push(answer.bytes), stream.end()]
  const bytes = new Uint8Array(begin.length + end.length)
  bytes.set(begin)
  bytes.set(end, begin.length)
  return { ...answer, remark, bytes }
}
