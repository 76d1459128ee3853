using MoeActors.Actors.Faults;
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

    [Fact]
    public void What_the_journal_has_and_the_audit_has_not_is_written_by_the_next_admin()
    {
        string folder = Directory.CreateTempSubdirectory("moe-audit-").FullName;
        try
        {
            AdminFault Fault(int number, FaultState state) => new(number, "leave", "node-1", [], -1, 0, 0, "test")
            {
                State = state,
                Order = new FaultOrder($"f-{number}", "leave", [], 0, [], "", folder, 4, 5),
            };
            FaultAudit.Append(folder, "begun", Fault(1, FaultState.Begun), DateTimeOffset.UnixEpoch);
            FaultAudit.Append(folder, "over", Fault(2, FaultState.Over), DateTimeOffset.UnixEpoch);
            AdminState state = new(FaultLimits.Off);
            foreach (AdminFault fault in new[] { Fault(1, FaultState.Over), Fault(2, FaultState.Over), Fault(3, FaultState.Failed) })
            {
                state = AdminMachine.Replay(state, fault);
            }

            Assert.Equal(["f-1", "f-3"], FaultAudit.Missing(state, folder, FaultAudit.Read(folder)).Select(f => f.Id));
            Assert.Empty(FaultAudit.Missing(state, "/elsewhere", []));

            // A folder that was moved has an audit, and a journal that knows nothing of it.
            Assert.Equal((2, 0), (FaultAudit.Newest(FaultAudit.Read(folder)), FaultAudit.Newest([])));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
