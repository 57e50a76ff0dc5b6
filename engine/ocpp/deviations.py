"""The names of what stations do otherwise than the specification says, and that is understood all the same.

A deviation is noted once a frame and name (`note`), travels as `Deviated` to the charge point's machine, and is counted
there. A new name is added here with one line of meaning.
"""

from __future__ import annotations

from enum import StrEnum

from engine.charging import deviations as machine
from engine.charging.messages import Deviated

MAX_DETAIL = 120
"""Longest detail that is kept, in characters: a station must not fill the journal with its mistakes."""


class Deviation(StrEnum):
    """Stored as text in the journal: a name is never changed or given a second meaning."""

    # the frame
    BROKEN_JSON = "broken_json"
    INVALID_UTF8 = "invalid_utf8"
    BYTE_ORDER_MARK = "byte_order_mark"
    TRAILING_GARBAGE = "trailing_garbage"
    NUMBER_AS_MESSAGE_ID = "number_as_message_id"
    LONG_MESSAGE_ID = "long_message_id"
    EMPTY_MESSAGE_ID = "empty_message_id"
    MISSING_ELEMENTS = "missing_elements"
    EXTRA_ELEMENTS = "extra_elements"
    ACTION_SPELLING = "action_spelling"
    # the conversation
    PIPELINED_CALL = "pipelined_call"
    UNSOLICITED_ANSWER = "unsolicited_answer"
    LATE_ANSWER = "late_answer"
    DUPLICATE_ANSWER = "duplicate_answer"
    INVALID_ANSWER = "invalid_answer"
    ANSWER_REFUSED = "answer_refused"
    INVALID_SEND = "invalid_send"
    OTHER_VERSION = "other_version"
    CALL_BEFORE_ACCEPTANCE = "call_before_acceptance"
    # the payload
    NULL_PAYLOAD = "null_payload"
    NULL_FIELD = "null_field"
    UNKNOWN_FIELD = "unknown_field"
    FIELD_SPELLING = "field_spelling"
    MISSING_FIELD = "missing_field"
    NUMBER_FOR_TEXT = "number_for_text"
    BOOLEAN_FOR_TEXT = "boolean_for_text"
    STRUCTURE_FOR_TEXT = "structure_for_text"
    TEXT_FOR_NUMBER = "text_for_number"
    FRACTION_FOR_INTEGER = "fraction_for_integer"
    NUMBER_OUT_OF_BOUNDS = "number_out_of_bounds"
    VALUE_FOR_BOOLEAN = "value_for_boolean"
    ITEM_FOR_LIST = "item_for_list"
    EMPTY_LIST = "empty_list"
    LONG_TEXT = "long_text"
    MEMBER_SPELLING = "member_spelling"
    UNKNOWN_MEMBER = "unknown_member"
    # times
    NO_ZONE = "no_zone"
    CLOCK_NOT_SET = "clock_not_set"
    FUTURE_TIME = "future_time"
    IMPOSSIBLE_DATE = "impossible_date"
    EPOCH_TIME = "epoch_time"
    UNREADABLE_TIME = "unreadable_time"
    MISSING_TIME = "missing_time"
    # values and units
    UNIT_SPELLING = "unit_spelling"
    UNIT_MISFIT = "unit_misfit"
    UNKNOWN_UNIT = "unknown_unit"
    VALUE_SPELLING = "value_spelling"
    VALUE_NOT_A_NUMBER = "value_not_a_number"
    VALUE_OUT_OF_RANGE = "value_out_of_range"
    VALUE_ROUNDED = "value_rounded"

    @property
    def meaning(self) -> str:
        """What the station did and what we made of it, in one line."""
        return _MEANINGS[self]


_MEANINGS: dict[str, str] = {
    Deviation.BROKEN_JSON: "The frame was no JSON (spare commas, NaN, bare controls …); it was read as meant.",
    Deviation.INVALID_UTF8: "The frame was not UTF-8; it was read as Latin-1.",
    Deviation.BYTE_ORDER_MARK: "The frame began with a byte order mark.",
    Deviation.TRAILING_GARBAGE: "NULs or other characters followed the frame; they were left out.",
    Deviation.NUMBER_AS_MESSAGE_ID: "The message id was a number; the answer repeats it as such.",
    Deviation.LONG_MESSAGE_ID: "The message id was longer than 36 characters.",
    Deviation.EMPTY_MESSAGE_ID: "The message id was empty.",
    Deviation.MISSING_ELEMENTS: "Elements at the frame's end were missing; they were taken as empty.",
    Deviation.EXTRA_ELEMENTS: "The frame had more elements than its type has; they were left out.",
    Deviation.ACTION_SPELLING: "The action was written in other case.",
    Deviation.PIPELINED_CALL: "A CALL came before the one before it was answered.",
    Deviation.UNSOLICITED_ANSWER: "An answer came to a CALL that was never made on this connection.",
    Deviation.LATE_ANSWER: "An answer came after its CALL's deadline.",
    Deviation.DUPLICATE_ANSWER: "A second answer came to one CALL; the first counts.",
    Deviation.INVALID_ANSWER: "The answer to our CALL does not fit its schema, even with tolerance.",
    Deviation.ANSWER_REFUSED: "It could not understand our answer (CALLRESULTERROR).",
    Deviation.INVALID_SEND: "A SEND could not be understood; it is never answered.",
    Deviation.OTHER_VERSION: "The station speaks another version than it negotiated.",
    Deviation.CALL_BEFORE_ACCEPTANCE: "A CALL came before the boot was accepted, and we had not asked for it.",
    Deviation.NULL_PAYLOAD: "The payload was null or absent; it was taken as empty.",
    Deviation.NULL_FIELD: "A field was null; it was taken as absent.",
    Deviation.UNKNOWN_FIELD: "A field that the schema does not have was left out.",
    Deviation.FIELD_SPELLING: "A field's name was written in other case.",
    Deviation.MISSING_FIELD: "A required field was absent; its neutral value was taken.",
    Deviation.NUMBER_FOR_TEXT: "A number stood where text belongs.",
    Deviation.BOOLEAN_FOR_TEXT: "A boolean stood where text belongs.",
    Deviation.STRUCTURE_FOR_TEXT: "An object or list stood where text belongs; its JSON was taken.",
    Deviation.TEXT_FOR_NUMBER: "Text stood where a number belongs.",
    Deviation.FRACTION_FOR_INTEGER: "A number with a fraction stood where an integer belongs.",
    Deviation.NUMBER_OUT_OF_BOUNDS: "A number was out of its field's bounds; it was kept if a store can hold it.",
    Deviation.VALUE_FOR_BOOLEAN: "Text or a number stood where a boolean belongs.",
    Deviation.ITEM_FOR_LIST: "A single item stood where a list belongs.",
    Deviation.EMPTY_LIST: "A list was empty that must have items.",
    Deviation.LONG_TEXT: "Text was longer than its field allows; it was kept up to 255 characters.",
    Deviation.MEMBER_SPELLING: "A known value was written in other case or spelling.",
    Deviation.UNKNOWN_MEMBER: "A value is not among those that the specification lists.",
    Deviation.NO_ZONE: "A time had no zone; UTC was assumed.",
    Deviation.CLOCK_NOT_SET: "A time before 2010: the clock is not set; the time of receipt is believed.",
    Deviation.FUTURE_TIME: "A time more than a day ahead; the time of receipt is believed.",
    Deviation.IMPOSSIBLE_DATE: "A date that no calendar has (29 February 2022); it was counted on into the next month.",
    Deviation.EPOCH_TIME: "A time was given as seconds or milliseconds since 1970.",
    Deviation.UNREADABLE_TIME: "A time could not be read; the time of receipt is believed.",
    Deviation.MISSING_TIME: "A required time was absent; the time of receipt is believed.",
    Deviation.UNIT_SPELLING: "A unit was written in a way of the station's own (Hz, %, wh).",
    Deviation.UNIT_MISFIT: "The unit does not belong to the measurand (power in Wh); the measurand's own was taken.",
    Deviation.UNKNOWN_UNIT: "The unit is unknown; the value was kept in it.",
    Deviation.VALUE_SPELLING: "A number was written in a way of the station's own (comma, spaces, a unit behind it).",
    Deviation.VALUE_NOT_A_NUMBER: "A measured value is no number.",
    Deviation.VALUE_OUT_OF_RANGE: "A measured value is beyond 29 digits before the point.",
    Deviation.VALUE_ROUNDED: "A measured value had more than 9 digits after the point; it was rounded.",
}


def meaning_of(name: str) -> str:
    """What a counted name stands for: one of the above, or one of the machine's own; "" if it is neither."""
    meaning = _MEANINGS.get(name)
    return machine.MEANINGS.get(name, "") if meaning is None else meaning


def note(notes: list[Deviated], deviation: Deviation, detail: str = "") -> None:
    """Add a deviation to a frame's notes, once for each name: the first detail is as good as all."""
    for known in notes:
        if known.name == deviation:
            return
    notes.append(Deviated(deviation.value, detail[:MAX_DETAIL]))
