using MoeActors.Host.Reports;
using MoeActors.Host.Tests.Progress;

namespace MoeActors.Host.Tests.Reports;

public sealed class LiveEttrTests
{
    [Fact]
    public void It_is_the_useful_time_of_the_surviving_steps_over_the_wall_time()
    {
        var clock = new StoppedClock();
        var ettr = new LiveEttr(StepHistory.Resolve([Line(0), Line(1)]), TimeSpan.FromSeconds(2), clock);
        Assert.Equal(1.0, ettr.Share); // two steps of a second each
        ettr.Add(Line(2) with { CheckpointStallMs = 400 });
        ettr.Add(Line(3) with { Skipped = true });
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(2.6 / 4, ettr.Share, 1e-9);
        ettr.Add(Line(1)); // a recovery went back
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(2.0 / 5, ettr.Share, 1e-9);
    }

    private static StepLine Line(long step) => new()
    {
        Step = step,
        Epoch = 1,
        Loss = 1,
        Tokens = 1,
        Ms = 1000,
        ExposedCommunicationMs = 0,
        CheckpointStallMs = 0,
        GradientNorm = 1,
        LearningRate = 1,
        Dropped = 0,
        Skipped = false,
        SlowestRank = 0,
    };
}
