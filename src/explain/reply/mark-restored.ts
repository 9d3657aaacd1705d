/** A rule's text that gives packets the mark of their connection. */
export const RESTORES_MARK = /--restore-mark|meta mark set ct mark/
