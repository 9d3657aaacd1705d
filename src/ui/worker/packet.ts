/** A packet as words, as a form's fields, and as what is played. */
import { readPacket } from '../../analysis/packets.ts'
import type { Packet } from '../../model/packet.ts'
import { allPrintable, printable } from '../../model/printable.ts'
import { fittingParts, specParts, specWords } from '../../simulate/spec-words.ts'
import type { PacketForms, TypedPacket } from '../protocol.ts'

/** Throws UserError that points at what is wrong in the words, also where they were put together of a form's fields. */
export function tellPacket(typed: TypedPacket): PacketForms {
  if ('packet' in typed) return formsOf(typed.packet, typed.packet)
  const { base } = typed
  const words = (
    'words' in typed ? typed.words : specWords(typed.isOther ? fittingParts(typed.parts) : typed.parts)
  ).trim()
  const packet = readPacket(words)
  if (!base || base.protocol !== packet.protocol) return { ...formsOf(packet), words }
  return { ...formsOf({ ...unsaid(base), ...packet }, base), words }
}

function formsOf(packet: Packet, base?: Packet): PacketForms {
  const parts = specParts(packet, base)
  return { packet, words: printable(specWords(parts)), parts: allPrintable(parts) }
}

/** What goes without saying where its own words are said. */
function unsaid(base: Packet): Packet {
  if (base.src === undefined || base.dst === undefined) return {}
  const said = readPacket(specWords(specParts(base, base)))
  return Object.fromEntries(Object.entries(base).filter(([key]) => !(key in said)))
}
