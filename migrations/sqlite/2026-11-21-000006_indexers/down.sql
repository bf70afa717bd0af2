DROP TABLE visit_plans;
DROP TABLE forge_facts;
DROP TABLE call_budgets;
DROP TABLE page_tags;
DROP TABLE source_failures;
DROP TABLE source_states;
