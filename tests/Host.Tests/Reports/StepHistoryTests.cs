using CsCheck;
using MoeActors.Host.Reports;

namespace MoeActors.Host.Tests.Reports;

public class StepHistoryTests
{
    [Fact]
    public void A_later_epoch_rolls_back_the_steps_it_replays()
    {
        StepHistory history = StepHistory.Resolve(
            [Step(1, 1), Step(2, 1), Step(3, 1), Step(4, 1), Step(3, 2), Step(4, 2), Step(5, 2)]);
        Assert.Equal([(1, 1), (2, 1), (3, 2), (4, 2), (5, 2)], history.Steps.Select(s => (s.Step, s.Epoch)));
        Assert.Equal(2, history.Replayed);
        Assert.Equal(128, history.RecomputedTokens);
    }

    [Fact]
    public void Steps_beyond_the_rollback_go_even_when_the_run_ends_before_it_reaches_them_again() =>
        Assert.Equal([1L, 2L], StepHistory.Resolve([Step(1, 1), Step(2, 1), Step(3, 1), Step(4, 1), Step(2, 2)]).Steps.Select(s => s.Step));

    [Fact]
    public void Steps_above_the_committed_one_were_rolled_back()
    {
        StepHistory history = StepHistory.Resolve([Step(1, 1), Step(2, 1), Step(3, 1)], committed: 2);
        Assert.Equal(2, history.Steps.Count);
        Assert.Equal(1, history.Replayed);
    }

    [Fact]
    public void A_straggler_of_an_earlier_epoch_changes_nothing() =>
        Assert.Equal([(1, 1), (2, 2)], StepHistory.Resolve([Step(1, 1), Step(2, 2), Step(3, 1)]).Steps.Select(s => (s.Step, s.Epoch)));

    [Fact]
    public void A_second_line_of_a_step_in_its_epoch_replaces_the_first_and_is_no_replay()
    {
        StepHistory history = StepHistory.Resolve([Step(1, 1), Step(2, 1), Step(1, 1) with { ValidationLoss = 2 }]);
        Assert.Equal([2.0, null], history.Steps.Select(s => s.ValidationLoss));
        Assert.Equal(0, history.Replayed);
    }

    [Fact]
    public void Whatever_the_recoveries_the_history_ascends_without_gaps_and_every_line_survives_or_was_replayed() =>
        Gen.Int[1, 9].Select(Gen.Int[0, 9], (forward, back) => (forward, back)).List[1, 20].Sample(recoveries =>
        {
            var lines = new List<StepLine>();
            long step = 0;
            for (int epoch = 1; epoch <= recoveries.Count; epoch++)
            {
                step = Math.Max(0, step - recoveries[epoch - 1].back);
                for (int i = 0; i < recoveries[epoch - 1].forward; i++)
                {
                    lines.Add(Step(++step, epoch));
                }
            }

            StepHistory history = StepHistory.Resolve(lines);
            Assert.Equal(Enumerable.Range(1, (int)step).Select(s => (long)s), history.Steps.Select(s => s.Step));
            Assert.Equal(lines.Count, history.Steps.Count + history.Replayed);
        });

    private static StepLine Step(long step, long epoch) => ReportFixture.Step(step, epoch);
}
