using MoeActors.Host.Reports;

namespace MoeActors.Host.Tests.Reports;

public sealed class RunWallTests
{
    private static readonly DateTimeOffset Begin = new(2026, 1, 2, 3, 0, 0, TimeSpan.Zero);

    private static RunEvent At(double seconds, string type, double? lastSign = null) =>
        new() { At = Begin.AddSeconds(seconds), Type = type, LastSign = lastSign is { } s ? Begin.AddSeconds(s) : null };

    private static double Wall(double now, params RunEvent[] events) => RunWall.Of(events, Begin.AddSeconds(now)).TotalSeconds;

    [Fact]
    public void Stretches_with_an_end_and_the_open_one_count() =>
        Assert.Equal(10 + 20 + 5, Wall(1005, At(0, "started"), At(10, "ended"), At(500, "resumed"), At(520, "ended"), At(1000, "resumed"), At(1001, "note")));

    [Fact]
    public void The_time_between_a_crash_and_the_resume_does_not_count()
    {
        Assert.Equal(25 + 10, Wall(4010, At(0, "started"), At(20, "note"), At(3990, "note"), At(4000, "resumed", lastSign: 25), At(4010, "ended")));
        Assert.Equal(20 + 10, Wall(4010, At(0, "started"), At(20, "note"), At(4000, "resumed"), At(4010, "ended")));
    }

    [Fact]
    public void A_clock_that_was_set_back_makes_no_stretch_negative() => Assert.Equal(0, Wall(-50, At(0, "started"), At(-10, "ended"), At(-20, "resumed")));

    [Fact]
    public void The_last_sign_of_a_run_is_its_last_event_or_the_steps_that_followed_the_newest_epoch()
    {
        RunEvent[] events = [At(0, "started"), At(1, "epoch") with { Epoch = 1 }, At(8, "epoch") with { Epoch = 2 }, At(9, "note")];
        Assert.Equal(Begin.AddSeconds(9), RunWall.LastSign(events, []));
        Assert.Equal(Begin.AddSeconds(11), RunWall.LastSign(events, [ReportFixture.Step(0, 1, ms: 60_000), ReportFixture.Step(1, 2, ms: 1000), ReportFixture.Step(2, 2, ms: 2000)]));
        Assert.Null(RunWall.LastSign([], []));
    }
}
