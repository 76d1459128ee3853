using CsCheck;
using MoeActors.Compute.Checkpoints.Partial;

namespace MoeActors.Compute.Tests.Checkpoints.Partial;

public sealed class DynamicKTests
{
    /// <summary>ΔPLT(1) = 15·10/2000 = 7.5 %, ΔPLT(2) = 3.5 %, ΔPLT(4) = 1.5 %, ΔPLT(8) = 0.5 %.</summary>
    private static readonly DynamicKInputs Inputs = new()
    {
        Plt = 0.01,
        Budget = 0.0375,
        RemainingFaults = 1,
        IntervalSteps = 10,
        TotalSteps = 1000,
        Experts = 16,
        KSnapshot = 2,
        KPersist = 1,
    };

    [Fact]
    public void K_is_doubled_until_the_remaining_faults_fit_and_the_snapshot_follows()
    {
        DynamicKDecision d = DynamicK.After(Inputs);
        Assert.Equal((4, 4), (d.KSnapshot, d.KPersist));
        Assert.Equal(0.025, d.ExpectedPlt, 9);
        Assert.Equal("PLT 1.00 % and 1 more faults at K = 1 come to 8.50 %, budget 3.75 %: K becomes 4, expected 2.50 %", d.Reason);
    }

    [Fact]
    public void K_stays_while_the_budget_holds()
    {
        DynamicKDecision d = DynamicK.After(Inputs with { RemainingFaults = 0.3 });
        Assert.Equal((2, 1), (d.KSnapshot, d.KPersist));
        Assert.EndsWith("K stays", d.Reason);
    }

    [Fact]
    public void A_budget_already_spent_takes_K_to_all_experts()
    {
        DynamicKDecision d = DynamicK.After(Inputs with { Plt = 0.05, Experts = 12 });
        Assert.Equal((12, 12), (d.KSnapshot, d.KPersist));
        Assert.Contains("lost already", d.Reason);
    }

    [Fact]
    public void Snapshots_that_survive_leave_K_persist_small()
    {
        Assert.Equal(1, DynamicK.After(Inputs with { KSnapshot = 16, FailedShare = 0.25 }).KPersist);
        Assert.Equal(4, DynamicK.After(Inputs with { KSnapshot = 16 }).KPersist);
    }

    [Fact]
    public void K_never_shrinks_and_is_no_larger_than_the_budget_asks() => (
        from n in Gen.Int[1, 64]
        from k in Gen.Int[1, n]
        from snapshot in Gen.Int[k, n]
        from plt in Gen.Double[0, 0.05]
        from faults in Gen.Double[0, 30]
        select Inputs with { Experts = n, KPersist = k, KSnapshot = snapshot, Plt = plt, RemainingFaults = faults }).Sample(i =>
        {
            DynamicKDecision d = DynamicK.After(i);
            Assert.InRange(d.KPersist, i.KPersist, i.Experts);
            Assert.Equal(Math.Max(i.KSnapshot, d.KPersist), d.KSnapshot);
            Assert.True(d.KPersist == i.Experts || d.ExpectedPlt <= i.Budget);
            double Half(int k) => i.Plt + (i.RemainingFaults * PltModel.TwoLevel(i.IntervalSteps, i.TotalSteps, i.Experts, Math.Max(i.KSnapshot, k), k, 1));
            Assert.True(d.KPersist == i.KPersist || Half((d.KPersist + 1) / 2) > i.Budget);
        });

    [Fact]
    public void A_run_with_many_faults_stays_within_its_budget_where_a_constant_K_does_not()
    {
        static double Final(bool dynamic)
        {
            PecRun run = new(2, 16, 4, 10);
            for (int fault = 1; fault <= 9; fault++)
            {
                run.RunTo(fault * 403);
                run.Fault();
                DynamicKDecision d = DynamicK.After(Inputs with
                {
                    Plt = run.Ledger.Plt(run.Tokens(4000), 1),
                    RemainingFaults = 9 - fault,
                    TotalSteps = 4000,
                    KSnapshot = run.KSnapshot,
                    KPersist = run.KPersist,
                });
                (run.KSnapshot, run.KPersist) = dynamic ? (d.KSnapshot, d.KPersist) : (1, 1);
            }

            return run.Ledger.Plt(run.Tokens(4000), 1);
        }

        Assert.InRange(Final(dynamic: true), 0.001, 0.0375);
        Assert.Equal(9 * PltModel.OneLevel(10, 4000, 16, 1), Final(dynamic: false), 9);
    }
}
