using MoeActors.Compute.Checkpoints.Partial;

namespace MoeActors.Compute.Tests.Checkpoints.Partial;

public sealed class PltModelTests
{
    [Fact]
    public void The_papers_budget_is_one_fault_of_its_example() => Assert.Equal(0.0375, PltModel.OneLevel(32, 1280, 8, 2), 12);

    [Fact]
    public void With_both_depths_alike_or_nothing_failed_the_two_level_form_is_the_one_level_form()
    {
        Assert.Equal(PltModel.OneLevel(32, 1280, 8, 2), PltModel.TwoLevel(32, 1280, 8, 2, 2, 0.3), 12);
        Assert.Equal(PltModel.OneLevel(32, 1280, 8, 4), PltModel.TwoLevel(32, 1280, 8, 4, 1, 0), 12);
        Assert.Equal(PltModel.OneLevel(32, 1280, 8, 1), PltModel.TwoLevel(32, 1280, 8, 4, 1, 1), 12);
    }

    [Fact]
    public void The_longest_interval_spends_the_budget()
    {
        double interval = PltModel.LongestInterval(1280, 0.0375, 3, 16, 4, 2, 0.25);
        Assert.Equal(0.0375, 3 * PltModel.TwoLevel(interval, 1280, 16, 4, 2, 0.25), 12);
        Assert.Equal(32, PltModel.LongestInterval(1280, 0.0375, 1, 8, 2, 2), 12);
        Assert.Equal(double.PositiveInfinity, PltModel.LongestInterval(1280, 0.0375, 1, 8, 8, 8));
        Assert.Equal(double.PositiveInfinity, PltModel.LongestInterval(1280, 0.0375, 0, 8, 2, 2));
    }

    [Fact]
    public void One_fault_at_any_step_of_a_real_schedule_costs_on_average_what_the_closed_form_says()
    {
        PecRun run = new(3, 8, 4, 32) { KSnapshot = 2, KPersist = 2 };
        var plt = new List<double>();
        for (long step = 0; step < 1280; step++)
        {
            run.RunTo(step);
            plt.Add(run.After(null).Plt(run.Tokens(1280), 1));
        }

        Assert.InRange(plt.Average(), 0.0375 * 0.9, 0.0375 * 1.1);
        Assert.Equal(0.0375, plt.Skip(4 * 32).Average(), 9);
    }

    [Fact]
    public void Many_faults_in_one_run_add_up()
    {
        PecRun run = new(2, 8, 4, 32) { KSnapshot = 2, KPersist = 2 };
        for (long fault = 1; fault <= 20; fault++)
        {
            run.RunTo(fault * 613);
            run.Fault();
        }

        run.RunTo(12800);
        double expected = 20 * PltModel.OneLevel(32, 12800, 8, 2);
        Assert.InRange(run.Ledger.Plt(run.Tokens(12800), 1), expected * 0.9, expected * 1.1);
        Assert.Equal(run.Tokens(12800), run.Ledger.Tokens[1].Sum(e => e.Routed));
    }

    [Theory]
    [InlineData(8, 2, 4, 1)]
    [InlineData(8, 4, 4, 2)]
    [InlineData(16, 4, 8, 1)]
    [InlineData(8, 8, 8, 1)]
    public void The_loss_of_one_node_costs_what_the_two_level_form_says(int experts, int nodes, int kSnapshot, int kPersist)
    {
        PecRun run = new(4, experts, nodes, 10) { KSnapshot = kSnapshot, KPersist = kPersist };
        run.RunTo(10 * experts);
        var plt = new List<double>();
        for (int checkpoint = 0; checkpoint < 2 * experts; checkpoint++)
        {
            run.RunTo(run.LastCheckpoint + 10);
            plt.AddRange(Enumerable.Range(0, nodes).Select(node => run.After(node).Plt(run.Tokens(1000), 1)));
        }

        double expected = PltModel.TwoLevel(10, 1000, experts, kSnapshot, kPersist, 1.0 / nodes);
        Assert.Equal(expected, plt.Average(), 9);
    }
}
