import subprocess
import sys


def test_all_views_are_loaded_and_no_garbage_is_looked_for_among_them():
    program = """
import visrec_site.wsgi, gc, sys
print("recommender.api.urls" in sys.modules, gc.get_freeze_count() > 10 * len(gc.get_objects()))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "True True\n"
