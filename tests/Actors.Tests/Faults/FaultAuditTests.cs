using MoeActors.Actors.Faults.Admin;
using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Tests.Faults;

public sealed class FaultAuditTests
{
    private static readonly Topology Unseen = new(false, "", 0, 0, 0, "", [], [], 0, 0);

    [Fact]
    public void An_admin_that_has_just_moved_goes_on_in_the_audit_of_the_run_the_fault_was_ordered_in()
    {
        var scheduled = new AdminFault(1, "leave", "node-1", [], 3, 0, 0, "test");
        AdminFault begun = scheduled with { State = FaultState.Begun, Order = new FaultOrder("f-1", "leave", [], 0, [], "", "/runs/a", 4, 5) };
        Assert.Equal("/runs/a", FaultAudit.FolderOf(begun, Unseen, "/data"));
        Assert.Equal("/runs/b", FaultAudit.FolderOf(scheduled, Unseen with { RunFolder = "/runs/b" }, "/data"));
        Assert.Equal("/data", FaultAudit.FolderOf(scheduled, Unseen, "/data"));
    }
}
