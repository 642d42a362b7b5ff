"""What a real Grafana needs and no emulator shows, as a checklist over the generated files.

Each rule yields a sentence for everything that breaks it; its docstring says what is asked and why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from grafana.src.rules import alerting, charts, colours, navigation, sessions, stats, tables, texts
from grafana.src.rules.suite import Suite

Rule = Callable[[Suite], Iterator[str]]

CHECKLIST: tuple[Rule, ...] = (
    # Grafana starts, and one finds the way
    alerting.the_provider_makes_no_second_folder,
    navigation.one_menu_leads_to_all_dashboards,
    navigation.titles_are_short,
    navigation.sections_fold_and_help_is_closed,
    navigation.links_carry_times_as_numbers,
    navigation.links_carry_names_that_end_no_parameter,
    # colours
    colours.no_color_comes_from_the_field_name,
    colours.one_thing_has_one_colour,
    colours.models_have_colours_of_their_own,
    colours.thresholds_are_written_down,
    # tables
    tables.every_column_has_a_width,
    tables.tables_fit_on_a_small_screen,
    tables.the_key_figure_comes_second,
    tables.every_column_has_a_unit,
    tables.hidden_columns_are_hidden_in_every_version,
    tables.long_texts_can_be_read_whole,
    # what is said when there is nothing
    texts.no_advice_in_place_of_a_value,
    texts.empty_tables_say_so,
    texts.empty_charts_say_so,
    stats.missing_numbers_have_words,
    stats.letters_have_a_fixed_size,
    stats.figures_show_their_course_and_a_comparison,
    stats.a_period_before_the_first_record_is_not_compared,
    stats.no_budget_draws_no_line,
    stats.the_month_is_drawn_to_its_end,
    # charts
    charts.labels_of_bars_keep_a_distance,
    charts.durations_have_no_direction,
    charts.legends_are_tables_with_totals,
    charts.tooltips_are_sorted_and_without_zeros,
    charts.many_series_end_in_other,
    charts.panels_have_the_same_options_in_every_version,
    charts.marks_are_off_and_few,
    # the session page
    sessions.the_newest_session_is_shown_when_none_is_chosen,
    sessions.the_charts_fit_the_session,
    sessions.the_timeline_has_colours,
    # words
    texts.counts_of_sessions_say_which,
    texts.agents_and_marks_are_words,
    texts.models_have_short_names,
    texts.units_exist_in_every_version,
    # alerts
    alerting.messages_name_amount_limit_and_place,
    alerting.what_fires_stands_first,
)


def broken(suite: Suite) -> dict[str, list[str]]:
    """The rules that the files break, with a sentence for each place."""
    complaints = {rule.__name__: list(rule(suite)) for rule in CHECKLIST}
    return {name: sentences for name, sentences in complaints.items() if sentences}
