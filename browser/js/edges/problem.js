// The sentence a person can act on, out of whatever the server answered (RFC 9457).

const SENTENCE_MAX = 600;

/** An answer that was no success; its message is the server's own sentence where there is one. */
export class ProblemError extends Error {
  /** @param {string} sentence @param {number} status 0 when there was no answer */
  constructor(sentence, status) {
    super(sentence);
    this.name = "ProblemError";
    this.status = status;
  }
}

/**
 * @param {string} body
 * @param {number} status
 * @returns {ProblemError}
 */
export function problemOf(body, status) {
  return new ProblemError(sentenceOf(body) ?? `The server answered ${status}. Please try again.`, status);
}

/** @param {string} body @returns {string | null} */
function sentenceOf(body) {
  try {
    const { detail, title, message } = JSON.parse(body);
    const sentence = [detail, message, title].find((text) => typeof text === "string" && text.trim() !== "");
    return sentence?.slice(0, SENTENCE_MAX) ?? null;
  } catch {
    return null; // a proxy's page, an empty body
  }
}
