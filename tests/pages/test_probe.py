import pytest, time
from streamlit.testing.v1 import AppTest
from dashboard.settings import ROOT
from tests.dashboard.conftest import configure, forgotten, migrated_url
from tests.queries.conftest import set_clock
APP=str(ROOT/"dashboard"/"app.py")
def dump(at):
    def walk(b,d=0):
        for c in b.children.values():
            if hasattr(c,'children'):
                print(' '*d, c.type, ''); walk(c,d+1)
            else:
                v=getattr(c,'value',None)
                print(' '*d, c.type, getattr(c,'label',''), repr(v)[:300] if c.type!='arrow_data_frame' else '\n'+c.value.to_string(), getattr(c,'disabled',''), getattr(c,'help','') or '', getattr(c,'key','') or '')
    walk(at._tree)


def test_b(configure, migrated_url, capsys):
    set_clock(migrated_url,"2026-11-23 00:27:00")
    configure(database_url=migrated_url)
    at=AppTest.from_file(APP,default_timeout=30)
    at.switch_page("../pages/stuck.py").run()
    at.selectbox(key="sort").select("oldest").run()
    print(at.query_params, at.info)
    at.button_group(key="rule").set_value(["stuck_running"]).run()
    print(at.query_params, at.info)
    at.toggle(key="snoozed").set_value(True).run()
    print(at.query_params, at.info)
    at.toggle(key="live").set_value(False).run()
    print(at.query_params, at.info)
    at=AppTest.from_file(APP,default_timeout=30)
    at.run()
    at.query_params.update({"sort":"Longest stuck first","rule":["no update"], "snoozed":"true", "live":"false"})
    at.switch_page("../pages/stuck.py").run()
    print(at.query_params, [len(x.value) for x in at.dataframe], at.selectbox(key="sort").value, at.button_group(key="rule").value,at.info)
    at.run()
    print(at.query_params, [len(x.value) for x in at.dataframe], at.selectbox(key="sort").value, at.button_group(key="rule").value,at.info)
    at=AppTest.from_file(APP,default_timeout=30)
    at.run()
    at.query_params.update({"sort":"oldest","rule":["stuck_running"], "snoozed":"true", "live":"false"})
    at.switch_page("../pages/stuck.py").run()
    print(at.query_params, [len(x.value) for x in at.dataframe], at.selectbox(key="sort").value, at.button_group(key="rule").value,at.info)
    assert 0
