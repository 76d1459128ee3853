using MoeActors.Actors.Cluster.Journal;

namespace MoeActors.Actors.Tests.Cluster;

public sealed class JournalNamesTests
{
    [Fact]
    public void A_cluster_that_nobody_started_for_a_run_keeps_the_name_of_earlier_builds() => Assert.Equal("run-coordinator", JournalNames.Of("run-coordinator", null));

    [Fact]
    public void Each_folder_has_entries_of_its_own_in_a_journal_that_was_copied_or_is_shared()
    {
        string name = JournalNames.Of("run-coordinator", "/runs/a");
        Assert.NotEqual(name, JournalNames.Of("run-coordinator", "/runs/b"));
        Assert.NotEqual(name, JournalNames.Of("fault-admin", "/runs/a"));
        Assert.Equal(name, JournalNames.Of("run-coordinator", "/runs/a/"));

        // The journal's column takes 255 characters; a path has more.
        Assert.InRange(JournalNames.Of("run-coordinator", "/" + new string('x', 4000)).Length, 1, 255);
    }
}
