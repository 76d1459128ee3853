using MoeActors.Actors.Diagnostics;
using MoeActors.Actors.Faults;
using MoeActors.Actors.Faults.Admin;

namespace MoeActors.Actors.Tests.Faults;

public sealed class AdminClockTests
{
    private readonly NodeClock node = new();

    [Fact]
    public void A_jump_of_the_wall_clock_does_not_move_it()
    {
        var clock = new AdminClock(node);
        long before = clock.Now();
        node.Shift = TimeSpan.FromDays(-400);
        Assert.InRange(clock.Now() - before, 0, 60_000);
        Assert.InRange((TimeProvider.System.GetUtcNow() - node.GetUtcNow()).TotalDays, 399.9, 400.1);
    }

    [Fact]
    public void By_the_wall_clock_a_fault_would_outlast_its_time()
    {
        var clock = new AdminClock(node);
        long Wall() => node.GetUtcNow().ToUnixTimeMilliseconds();
        AdminState Begun(long now) => AdminMachine.Replay(
            new AdminState(new FaultLimits(true, 1, TimeSpan.FromDays(2))),
            new AdminFault(1, "partition", "node-1>node-2", [], -1, 0, 0, "test") { State = FaultState.Observed, Since = now, BegunAt = now, ForMs = 1 });
        (AdminState guarded, AdminState bare) = (Begun(clock.Now() - 1), Begun(Wall() - 1));
        node.Shift = TimeSpan.FromDays(-1);
        Assert.Equal(FaultState.Over, AdminMachine.Step(guarded, new AdminInput.Tick(clock.Now(), guarded.Cluster)).State.Faults[1].State);
        Assert.Equal(FaultState.Observed, AdminMachine.Step(bare, new AdminInput.Tick(Wall(), bare.Cluster)).State.Faults[1].State);
    }

    [Theory]
    [InlineData(FaultState.Observed, 5_000L)]
    [InlineData(FaultState.Over, null)]
    public void After_a_move_it_goes_on_from_the_last_moment_of_a_fault_that_is_open(FaultState state, long? from)
    {
        var clock = new AdminClock(node);
        var fault = new AdminFault(1, "partition", "node-1>node-2", [], -1, 0, 100, "test") { State = state, Since = 4_000, BegunAt = 5_000 };
        clock.Resume(AdminMachine.Replay(new AdminState(FaultLimits.Off), fault));
        Assert.InRange(clock.Now() - (from ?? TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()), -60_000, 60_000);
    }
}
