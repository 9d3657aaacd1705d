/** What a machine is asked, and how the answers come back. */
import { HOST } from './host.ts'
import { RULESETS } from './rulesets.ts'
import type { Section } from './section.ts'

export { type Frame, FrameReader } from './frames.ts'
export { sectionScript } from './script.ts'
export { ABOUT, ABSENT, NOTES, REFUSED, type Section } from './section.ts'

/** In the order they are asked: rules first, since they change. */
export const SECTIONS: readonly Section[] = [...RULESETS, ...HOST]

/** Those to ask again when rules change, or the rest. */
export const sectionsTagged = (tag: Section['tag']): readonly Section[] => SECTIONS.filter((one) => one.tag === tag)
