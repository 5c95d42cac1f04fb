"""When mail may go out: send windows, weekdays and public holidays in the customer's own time zone."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

#: Weekdays as policy files write them; the place in the list is `date.weekday()`.
DAY_WORDS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True, kw_only=True)
class SendWindow:
    """The weekdays (0 = Monday) and local hours in which mail may go out: from `opens` up to, not at, `closes`."""

    days: frozenset[int] = frozenset({0, 1, 2, 3, 4})
    opens: time = time(9)
    closes: time = time(17)

    @property
    def words(self) -> str:
        """The window for people: "mon tue wed thu fri 09:00-17:00"."""
        days = " ".join(DAY_WORDS[day] for day in sorted(self.days))
        return f"{days} {self.opens:%H:%M}-{self.closes:%H:%M}"


#: What holds when a policy says nothing.
OFFICE_HOURS = SendWindow()


@dataclass(frozen=True, slots=True, kw_only=True)
class SendCalendar:
    """One customer's calendar. `time_zone` is an IANA name; `holidays` are local days on which nothing goes out.

    Raises ValueError when no weekday is left or the window closes before it opens (it would never open).
    """

    time_zone: str
    days: frozenset[int]
    opens: time
    closes: time
    holidays: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if not self.days & frozenset(range(7)) or self.opens >= self.closes:
            message = f"a send window must open: {sorted(self.days)} {self.opens}-{self.closes}"
            raise ValueError(message)

    @classmethod
    def of(cls, window: SendWindow, *, time_zone: str, holidays: frozenset[date] = frozenset()) -> SendCalendar:
        """Return the calendar of a policy's window for a customer's time zone and holidays."""
        return cls(time_zone=time_zone, days=window.days, opens=window.opens, closes=window.closes, holidays=holidays)

    def local_day(self, at: datetime) -> date:
        """Return the customer's date at an aware moment."""
        return self.local(at).date()

    def is_business_day(self, day: date) -> bool:
        """Whether mail may go out at some hour of that local day."""
        return day.weekday() in self.days and day not in self.holidays

    def business_day_from(self, day: date) -> date:
        """Return that day, or the first business day after it."""
        while not self.is_business_day(day):
            day += timedelta(days=1)
        return day

    def add_business_days(self, day: date, count: int) -> date:
        """Return the day `count` (>= 0) business days after a day; 0 gives the day itself, whatever it is."""
        for _ in range(count):
            day = self.business_day_from(day + timedelta(days=1))
        return day

    def is_open(self, at: datetime) -> bool:
        """Whether mail may go out at that aware moment."""
        local = self.local(at)
        return self.is_business_day(local.date()) and self.opens <= local.time() < self.closes

    def next_open(self, at: datetime) -> datetime:
        """Return that moment when it is open, else the next opening, in UTC."""
        if self.is_open(at):
            return at.astimezone(UTC)
        day = self.local_day(at)
        while True:
            for opening in self._openings(day):
                if opening > at and self.is_open(opening):
                    return opening
            day = self.business_day_from(day + timedelta(days=1))

    def _openings(self, day: date) -> tuple[datetime, datetime]:
        """Return when the clock shows the opening hour: twice the same, but on the night it is set back (PEP 495)."""
        zone = ZoneInfo(self.time_zone)
        shown = datetime.combine(day, self.opens, tzinfo=zone)
        return shown.astimezone(UTC), shown.replace(fold=1).astimezone(UTC)

    def local(self, at: datetime) -> datetime:
        """Return an aware moment on the customer's clock."""
        return at.astimezone(ZoneInfo(self.time_zone))


@functools.lru_cache(maxsize=256)
def public_holidays(country: str, first_year: int, last_year: int) -> frozenset[date]:
    """Return the nation-wide public holidays of a country (ISO 3166-1 alpha-2), both years included.

    Empty for a country the library does not know: mail then goes out on every send day.
    """
    import holidays  # noqa: PLC0415 - half a second to load, needed only by those who plan

    try:
        return frozenset(holidays.country_holidays(country.upper(), years=range(first_year, last_year + 1)))
    except NotImplementedError:
        return frozenset()
