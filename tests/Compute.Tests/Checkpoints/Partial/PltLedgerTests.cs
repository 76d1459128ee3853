using CsCheck;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Partial;

namespace MoeActors.Compute.Tests.Checkpoints.Partial;

public sealed class PltLedgerTests
{
    /// <summary>One MoE layer, two experts: 10 and 20 tokens a step; checkpoints at 2 (expert 0) and 4 (expert 1).</summary>
    private static PltLedger Example => Run(Run(Run(PltLedger.Empty(1, 2), 2).Mark(2), 2).Mark(4), 1);

    [Fact]
    public void What_came_between_the_version_and_the_recovery_point_is_lost()
    {
        PltLedger ledger = Example.Recover(4, Versions((2, 2), (4, 4)));
        Assert.Equal([20], ledger.Lost(StateClass.Parameters));
        Assert.Equal(20.0 / (300 * 2), ledger.Plt(300, 2));
        Assert.Equal(new ExpertTokens(40, 20, 20), ledger.Tokens[0][0]);
        Assert.Equal(new ExpertTokens(80), ledger.Tokens[0][1]);
        Assert.Equal([0, 2, 4], ledger.Marks.Select(m => m.Step));
    }

    [Fact]
    public void Parameters_and_moments_are_lost_apart_and_the_larger_share_counts()
    {
        PltLedger ledger = Example.Recover(4, Versions((4, 0), (2, 4)));
        Assert.Equal([40], ledger.Lost(StateClass.Parameters));
        Assert.Equal([40], ledger.Lost(StateClass.Moments));
        ledger = Example.Recover(4, Versions((4, 0), (4, 0)));
        Assert.Equal(0, ledger.Plt(StateClass.Parameters, 300, 1));
        Assert.Equal(120 / 300.0, ledger.Plt(300, 1));
    }

    [Fact]
    public void Two_faults_at_one_recovery_point_count_once()
    {
        PltLedger once = Example.Recover(4, Versions((2, 2), (4, 4)));
        Assert.Equal(once, Run(once, 3).Recover(4, Versions((2, 2), (4, 4))));
    }

    [Fact]
    public void A_later_fault_counts_what_came_since_and_nothing_twice()
    {
        PltLedger ledger = Run(Example.Recover(4, Versions((2, 2), (4, 4))), 2).Mark(6).Recover(6, Versions((2, 2), (4, 4)));
        Assert.Equal([20 + 20 + 40], ledger.Lost(StateClass.Moments));
        Assert.Equal(new ExpertTokens(60, 40, 40), ledger.Tokens[0][0]);
    }

    [Fact]
    public void What_was_lost_after_a_point_further_back_is_replayed_and_no_longer_lost()
    {
        PltLedger ledger = Example.Recover(4, Versions((0, 0), (0, 0)));
        Assert.Equal([120], ledger.Lost(StateClass.Parameters));
        Assert.Equal([60], ledger.Recover(2, Versions((0, 0), (0, 0))).Lost(StateClass.Parameters));
        Assert.Equal([0], ledger.Recover(2, Versions((2, 2), (2, 2))).Lost(StateClass.Parameters));
    }

    [Fact]
    public void What_a_stale_expert_saves_at_the_recovery_point_is_as_stale_as_it_is()
    {
        PltLedger ledger = Run(Example.Recover(4, Versions((2, 2), (4, 4))).Mark(4), 2).Mark(6);
        Assert.Equal([20 + 20], ledger.Recover(6, Versions((4, 4), (6, 6))).Lost(StateClass.Parameters));
    }

    [Fact]
    public void Unsaved_tokens_are_those_learned_since_the_last_version_of_the_staler_class() =>
        Assert.Equal([30, 20], Example.Unsaved(Versions((4, 2), (4, 4)))[0]);

    [Fact]
    public void A_restored_expert_has_nothing_unsaved() =>
        Assert.Equal([0, 0], Example.Recover(4, Versions((2, 2), (4, 4))).Unsaved(Versions((2, 2), (4, 4)))[0]);

    [Fact]
    public void Versions_newer_than_the_point_and_versions_without_a_mark_are_refused()
    {
        Assert.Contains("RC-1", Assert.Throws<InvalidOperationException>(() => Example.Recover(2, Versions((4, 2), (2, 2)))).Message);
        PltLedger ledger = Example.KeepMarks([4]);
        Assert.Contains("no counts of step 2", Assert.Throws<InvalidOperationException>(() => ledger.Recover(4, Versions((2, 2), (4, 4)))).Message);
        Assert.Throws<InvalidOperationException>(() => Example.Mark(3));
    }

    [Fact]
    public void A_ledger_reads_back_from_its_json()
    {
        PltLedger ledger = Run(Example.Recover(4, Versions((4, 0), (2, 4))), 2).Mark(6);
        Assert.Equal(ledger, PltLedger.FromJson(ledger.ToJson()));
        Assert.NotEqual(ledger, Run(ledger, 1));
        Assert.NotEqual(ledger, ledger.KeepMarks([6]));
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("{\"tokens\":[]}")]
    [InlineData("{\"tokens\":[[{\"routed\":1,\"lostMoments\":2}]]}")]
    [InlineData("{\"tokens\":[[{\"routed\":1}]],\"marks\":[{\"step\":3,\"tokens\":[[{},{}]]}]}")]
    [InlineData("{\"tokens\":[[{\"routed\":1}]],\"marks\":[{\"step\":3,\"tokens\":[[{}]]},{\"step\":3,\"tokens\":[[{}]]}]}")]
    [InlineData("{\"tokens\":[[{\"routed\":1}]],\"more\":1}")]
    [InlineData("{\"tokens\":[null]}")]
    public void Json_that_is_no_ledger_is_refused_with_its_source(string json) =>
        Assert.StartsWith("step 8: not a PLT ledger", Assert.Throws<CheckpointException>(() => PltLedger.FromJson(json, "step 8")).Message);

    /// <summary>Against a model that knows every token: states as sets of tokens, versions that are copies of them or are lost for ever.</summary>
    [Fact]
    public void Lost_is_exactly_what_the_surviving_history_holds_and_the_states_do_not() =>
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, 1 << 20]).Array[0, 60].Sample(events =>
        {
            var model = new TokenModel(2, 3);
            foreach ((int kind, int choice) in events)
            {
                switch (kind)
                {
                    case < 5: model.Step(choice); break;
                    case < 8: model.Checkpoint(choice); break;
                    default: model.Fault(choice, newest: kind == 8); break;
                }

                model.Check();
            }
        });

    private static PltLedger Run(PltLedger ledger, int steps) => Enumerable.Range(0, steps).Aggregate(ledger, (l, _) => l.Add([[10, 20]]));

    private static ExpertVersion[][] Versions(params (long Parameters, long Moments)[] experts) => [[.. experts.Select(e => new ExpertVersion(e.Parameters, e.Moments))]];
}
