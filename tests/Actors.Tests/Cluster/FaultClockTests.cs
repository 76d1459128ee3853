using MoeActors.Actors.Cluster.Coordinator;

namespace MoeActors.Actors.Tests.Cluster;

public sealed class FaultClockTests
{
    [Fact]
    public void A_fault_is_measured_phase_by_phase_until_the_first_step_after_it()
    {
        var clock = new FaultClock();
        clock.Detected("node-lost", "node-2", atStep: 17, "backward", "its process is gone", injected: true);
        clock.Decided(restoreStep: 10);
        clock.Ready(fetchMs: 0.0001, restoreMs: 0.0001, "persisted checkpoint", "checkpoint 10", 0);
        FaultTimeline fault = Assert.Single(clock.FirstStep());
        Assert.Equal(("node-lost", "node-2", 17L, "backward", true), (fault.Kind, fault.Target, fault.AtStep, fault.Phase, fault.Injected));
        Assert.Equal((7L, "persisted checkpoint", "its process is gone; checkpoint 10"), (fault.LostSteps, fault.Rung, fault.Reason));
        Assert.True(fault.DecidedMs >= 0 && fault.DecidedMs <= fault.FetchedMs && fault.FetchedMs <= fault.RestoredMs
            && fault.RestoredMs <= fault.RejoinedMs && fault.RejoinedMs <= fault.FirstStepMs);
        Assert.Empty(clock.FirstStep());
    }

    [Fact]
    public void A_failure_during_recovery_is_a_second_fault_and_both_end_with_the_same_step()
    {
        var clock = new FaultClock();
        clock.Detected("node-lost", "node-2", 17, "", "first", false);
        clock.Decided(10);
        clock.Detected("actor-failed", "node-1/rank-0", 10, "recovery", "second", false);
        clock.Decided(0);
        clock.Ready(1, 1, "seed", "", 0);
        IReadOnlyList<FaultTimeline> faults = clock.FirstStep();
        Assert.Equal(["first", "second"], faults.Select(f => f.Reason));
        Assert.All(faults, f => Assert.Equal("seed", f.Rung));
        Assert.Equal([17L, 10L], faults.Select(f => f.LostSteps));
    }

    [Fact]
    public void What_the_cluster_knew_before_its_coordinator_took_office_was_detected_then()
    {
        long now = System.Diagnostics.Stopwatch.GetTimestamp(), second = System.Diagnostics.Stopwatch.Frequency;
        var clock = new FaultClock();
        clock.Detected("node-lost", "node-1", 3, "", "gone", false, since: now - (10 * second), known: now - (9 * second));
        clock.Detected("node-lost", "node-2", 3, "", "gone", false, since: now - (10 * second));
        clock.Detected("node-lost", "node-3", 3, "", "gone", false, known: now - (9 * second));
        IReadOnlyList<FaultTimeline> faults = clock.FirstStep();
        Assert.Equal(0, faults[2].DetectedMs);
        Assert.True(faults[2].FirstStepMs >= 9000);
        Assert.Equal(1000, faults[0].DetectedMs, 1e-6);
        Assert.True(faults[1].DetectedMs >= 10_000);
    }

    [Fact]
    public void Steps_without_a_fault_close_nothing() => Assert.Empty(new FaultClock().FirstStep());
}
