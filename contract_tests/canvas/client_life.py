"""Rows of the table of canvasapi's methods: planning, polls, sharing, notifications."""

from __future__ import annotations

from contract_tests.canvas.client_methods import LATER, Rows

QUESTION, TEXT, PUT = [{"question": "Changed?"}], [{"text": "C"}], [{"course_id": 1}]
PUBLIC = [{"has_public_results": True}]
"""The client sends them by names in the singular, which Canvas does not take: so they are sent by Canvas's too."""
PLANNING: Rows = {
    "Canvas.get_activity_stream_summary": lambda s: s.api.get_activity_stream_summary(),
    "Canvas.get_planner_notes": lambda s: s.api.get_planner_notes(),
    "Canvas.get_planner_note": lambda s: s.api.get_planner_note(s.note.id),
    "Canvas.create_planner_note": lambda s: s.api.create_planner_note(title="N", todo_date=LATER),
    "PlannerNote.update": lambda s: s.note.update(title="Changed"),
    "PlannerNote.delete": lambda s: s.note.delete(),
    "Canvas.get_planner_overrides": lambda s: s.api.get_planner_overrides(),
    "Canvas.get_planner_override": lambda s: s.api.get_planner_override(s.plan.id),
    "Canvas.create_planner_override": lambda s: s.api.create_planner_override("assignment", 2, dismissed=True),
    "PlannerOverride.update": lambda s: s.plan.update(marked_complete="true"),
    "PlannerOverride.delete": lambda s: s.plan.delete(),
    "Canvas.reserve_time_slot": lambda s: s.api.reserve_time_slot(s.slot.id, participant_id=101),
    "Canvas.get_user_participants": lambda s: s.api.get_user_participants(s.appointments.id),
    "Canvas.get_group_participants": lambda s: s.api.get_group_participants(s.appointments.id),
    "Account.get_account_calendar": lambda s: s.account.get_account_calendar(),
    "Account.get_all_account_calendars": lambda s: s.account.get_all_account_calendars(),
    "Account.update_account_calendar_visibility": lambda s: s.account.update_account_calendar_visibility(visible=True),
}
ANALYTICS: Rows = {
    "Course.get_course_level_assignment_data": lambda s: s.course.get_course_level_assignment_data(),
    "Course.get_course_level_participation_data": lambda s: s.course.get_course_level_participation_data(),
    "Course.get_course_level_student_summary_data": lambda s: s.course.get_course_level_student_summary_data(),
    "Course.get_user_in_a_course_level_assignment_data": lambda s: s.course.get_user_in_a_course_level_assignment_data(
        101
    ),
    "Course.get_user_in_a_course_level_messaging_data": lambda s: s.course.get_user_in_a_course_level_messaging_data(
        101
    ),
    "Course.get_user_in_a_course_level_participation_data": lambda s: (
        s.course.get_user_in_a_course_level_participation_data(101)
    ),
    "Account.get_department_level_grade_data_completed": lambda s: (
        s.account.get_department_level_grade_data_completed()
    ),
    "Account.get_department_level_grade_data_current": lambda s: s.account.get_department_level_grade_data_current(),
    "Account.get_department_level_grade_data_with_given_term": lambda s: (
        s.account.get_department_level_grade_data_with_given_term(s.term.id)
    ),
    "Account.get_department_level_participation_data_completed": lambda s: (
        s.account.get_department_level_participation_data_completed()
    ),
    "Account.get_department_level_participation_data_current": lambda s: (
        s.account.get_department_level_participation_data_current()
    ),
    "Account.get_department_level_participation_data_with_given_term": lambda s: (
        s.account.get_department_level_participation_data_with_given_term(s.term.id)
    ),
    "Account.get_department_level_statistics_completed": lambda s: (
        s.account.get_department_level_statistics_completed()
    ),
    "Account.get_department_level_statistics_current": lambda s: s.account.get_department_level_statistics_current(),
    "Account.get_department_level_statistics_with_given_term": lambda s: (
        s.account.get_department_level_statistics_with_given_term(s.term.id)
    ),
}
POLLS: Rows = {
    "Canvas.get_polls": lambda s: s.api.get_polls(),
    "Canvas.get_poll": lambda s: s.api.get_poll(s.poll.id),
    "Canvas.create_poll": lambda s: s.api.create_poll([{"question": "?"}]),
    "Poll.update": lambda s: s.poll.update(QUESTION, polls=QUESTION),
    "Poll.delete": lambda s: s.poll.delete(),
    "Poll.get_choices": lambda s: s.poll.get_choices(),
    "Poll.get_choice": lambda s: s.poll.get_choice(s.choice.id),
    "Poll.create_choice": lambda s: s.poll.create_choice(TEXT, poll_choices=TEXT),
    "PollChoice.update": lambda s: s.choice.update(TEXT, poll_choices=TEXT),
    "PollChoice.delete": lambda s: s.choice.delete(),
    "Poll.get_sessions": lambda s: s.poll.get_sessions(),
    "Poll.get_session": lambda s: s.poll.get_session(s.sitting.id),
    "Poll.create_session": lambda s: s.poll.create_session(PUT, poll_sessions=PUT),
    "PollSession.open": lambda s: s.sitting.open(),
    "PollSession.close": lambda s: s.sitting.close(),
    "PollSession.update": lambda s: s.sitting.update(PUT, poll_sessions=PUBLIC),
    "PollSession.delete": lambda s: s.sitting.delete(),
    "PollSession.create_submission": lambda s: s.sitting.create_submission([{"poll_choice_id": s.choice.id}]),
    "User.get_open_poll_sessions": lambda s: s.user.get_open_poll_sessions(),
    "User.get_closed_poll_sessions": lambda s: s.user.get_closed_poll_sessions(),
}
TOLD: Rows = {
    "User.get_page_views": lambda s: s.user.get_page_views(),
    "User.get_eportfolios": lambda s: s.user.get_eportfolios(),
    "Conversation.delete_messages": lambda s: s.talk.delete_messages([s.words.id]),
}
LIFE: Rows = {**ANALYTICS, **PLANNING, **POLLS, **TOLD}
