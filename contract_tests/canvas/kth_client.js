// A term at a school, by @kth/canvas-api. Arguments: the site, an administrator's token, a student's token, the student's id.
// Writes one JSON object of what it saw.
const { CanvasApi, CanvasApiError } = require("@kth/canvas-api");
const [site, adminToken, studentToken, studentId] = process.argv.slice(2);
const options = { disableThrottling: true };
const admin = new CanvasApi(`${site}/api/v1`, adminToken, options);
const student = new CanvasApi(`${site}/api/v1`, studentToken, options);

async function refusal(call) {
  try {
    await call();
  } catch (error) {
    if (error instanceof CanvasApiError) return error.response.statusCode;
    throw error;
  }
  return 200;
}

async function untilDone(path) {
  for (;;) {
    const { json } = await admin.get(path);
    if (json.workflow_state.startsWith("imported") || json.workflow_state.startsWith("failed")) return json;
  }
}

async function main() {
  const seen = {};
  seen.me = (await admin.get("users/self")).json.id;
  const course = (await admin.request("accounts/self/courses", "POST", { course: { name: "Number theory" }, offer: true })).json;
  const csv = ["user_id,login_id,full_name,status", ...Array.from({ length: 25 }, (_, n) => `K${n},kth${n},Person ${n},active`)];
  const started = await admin.sisImport(new File([csv.join("\n")], "users.csv"));
  const imported = await untilDone(`accounts/self/sis_imports/${started.json.id}`);
  seen.imported = [imported.workflow_state, imported.data.counts.users];
  for (let n = 0; n < 25; n++)
    await admin.request(`courses/${course.id}/enrollments`, "POST", {
      enrollment: { user_id: `sis_user_id:K${n}`, type: "StudentEnrollment", enrollment_state: "active" },
    });
  await admin.request(`courses/${course.id}/enrollments`, "POST", {
    enrollment: { user_id: studentId, type: "StudentEnrollment", enrollment_state: "active" },
  });
  const pages = await admin.listPages(`courses/${course.id}/enrollments`, { per_page: 10, include: ["grades"] }).toArray();
  seen.pages = pages.map((page) => page.json.length);
  const users = await admin.listItems(`courses/${course.id}/users`, { per_page: 7, enrollment_type: ["student"] }).toArray();
  seen.users = new Set(users.map((user) => user.id)).size;
  const assignment = (
    await admin.request(`courses/${course.id}/assignments`, "POST", {
      assignment: { name: "Primes", points_possible: 20, submission_types: ["online_text_entry"], published: true },
    })
  ).json;
  const work = `courses/${course.id}/assignments/${assignment.id}/submissions`;
  await student.request(work, "POST", { submission: { submission_type: "online_text_entry", body: "2, 3, 5" } });
  const graded = await admin.request(`${work}/${studentId}`, "PUT", { submission: { posted_grade: "15" } });
  seen.graded = [graded.json.workflow_state, graded.json.score];
  const own = await student.get(`courses/${course.id}/enrollments`, { user_id: "self" });
  seen.grade = own.json[0].grades.current_score;
  seen.refused = [
    await refusal(() => student.request(`${work}/${studentId}`, "PUT", { submission: { posted_grade: "20" } })),
    await refusal(() => admin.get("courses/999999999")),
    await refusal(() => new CanvasApi(`${site}/api/v1`, "nobody's", options).get("users/self")),
    await refusal(() => student.sisImport(new File(["user_id"], "users.csv"))),
  ];
  console.log(JSON.stringify(seen));
}

main();
