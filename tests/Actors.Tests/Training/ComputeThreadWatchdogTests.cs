using Akka.Dispatch;

using MoeActors.Actors.Training;

namespace MoeActors.Actors.Tests.Training;

/// <summary>A kernel that hangs cannot be killed: it is seen, and the process ends.</summary>
public sealed class ComputeThreadWatchdogTests
{
    [Fact]
    public async Task Work_that_does_not_come_back_is_told_once_with_the_setting_s_name()
    {
        using var lane = new ComputeThread("lane");
        using var entered = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        var told = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var watchdog = new ComputeThreadWatchdog(lane, TimeSpan.FromMilliseconds(40), reason => told.SetResult(reason), TimeProvider.System);
        lane.Post(new Work(() =>
        {
            entered.Set();
            release.Wait();
        }));
        entered.Wait(TestContext.Current.CancellationToken);
        string reason = await told.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Contains("supervision.compute-limit", reason, StringComparison.Ordinal);
        release.Set();
    }

    [Fact]
    public void A_lane_between_two_pieces_of_work_is_not_busy()
    {
        using var lane = new ComputeThread("lane");
        TimeSpan during = TimeSpan.Zero;
        using var done = new ManualResetEventSlim();
        lane.Post(new Work(() => during = lane.Busy));
        lane.Post(new Work(done.Set));
        done.Wait(TestContext.Current.CancellationToken);
        lane.Stop();
        Assert.True(during > TimeSpan.Zero);
        SpinWait.SpinUntil(() => lane.Busy == TimeSpan.Zero);
    }

    private sealed class Work(Action action) : IRunnable
    {
        public void Run() => action();

        public void Execute() => Run();
    }
}
