/** `bridge link set …` → edits (iproute2 6.1, bridge/link.c brlink_modify). */
import type { BridgePortEdit } from '../../model/edit.ts'
import { oneOf, refuse, Words } from '../ip/words.ts'
import type { ShellWord } from '../shell.ts'

const SETTINGS = ['hairpin', 'isolated'] as const

/** The words behind `bridge`; `tool` is that word. None for what only shows something. Throws CommandProblem. */
export function parseBridge(given: readonly ShellWord[], tool: ShellWord): BridgePortEdit[] {
  const words = new Words(given, tool)
  while (words.peek()?.text.startsWith('-')) words.take()
  const object = oneOf(
    words.need('the object of bridge (link …)'),
    ['link', 'fdb', 'mdb', 'vlan', 'monitor'],
    'is not an object of bridge',
  )
  const op = words.take()
  if (!op || object === 'monitor' || /^(sh|show|li|list|lst|ls|get)$/.test(op.text)) return []
  if (object !== 'link' || op.text !== 'set') refuse(op, 'is not supported: use "bridge link set"')
  let device: string | undefined
  const found: Pick<BridgePortEdit, 'setting' | 'on'>[] = []
  for (let word = words.take(); word; word = words.take()) {
    if (word.text === 'dev') {
      device = words.device(word)
      continue
    }
    // not cut short here
    const setting = SETTINGS.find((one) => one === word.text)
    if (!setting) return refuse(word, 'is not supported: use hairpin or isolated')
    const value = words.need(`on or off after ${setting}`)
    if (value.text !== 'on' && value.text !== 'off') refuse(value, 'is neither on nor off')
    found.push({ setting, on: value.text === 'on' })
  }
  if (device === undefined) words.need("dev and the port's name")
  return found.map((one) => ({ kind: 'bridge-port', device: device!, ...one }))
}
