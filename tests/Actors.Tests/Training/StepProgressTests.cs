using MoeActors.Actors.Protocol;
using MoeActors.Actors.Training;
using MoeActors.Compute.Parameters;

namespace MoeActors.Actors.Tests.Training;

public sealed class StepProgressTests
{
    private static readonly StepDecision Decision = new(1, 5, false, 1, 0.1, null, AfterStep.Continue, 0);

    [Fact]
    public void A_step_is_done_when_it_is_decided_all_units_are_updated_and_all_dense_ranges_are_in()
    {
        var progress = new StepProgress(5, units: 2, ranks: 2);
        Assert.False(progress.Reduced(new UnitReport(0, 1), null));
        Assert.True(progress.Reduced(new UnitReport(1, 1), null));
        progress.Updated(UnitKind.Dense);
        progress.Updated(UnitKind.Experts);
        progress.DensePiece();
        Assert.False(progress.IsDone);
        Assert.True(progress.Decide(Decision));
        Assert.True(progress.IsDone);
    }

    [Fact]
    public void Without_the_range_of_every_rank_it_is_not_done()
    {
        var progress = new StepProgress(5, units: 1, ranks: 2);
        Assert.True(progress.Decide(Decision));
        progress.Updated(UnitKind.Dense);
        Assert.False(progress.IsDone);
        progress.DensePiece();
        Assert.True(progress.IsDone);
    }

    [Fact]
    public void A_decision_is_taken_once_and_only_for_its_step()
    {
        var progress = new StepProgress(5, units: 1, ranks: 1);
        Assert.False(progress.Decide(Decision with { Step = 4 }));
        Assert.True(progress.Decide(Decision));
        Assert.False(progress.Decide(Decision));
        Assert.Same(Decision, progress.Decision);
    }
}
