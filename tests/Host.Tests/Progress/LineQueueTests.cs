using MoeActors.Host.Progress;

namespace MoeActors.Host.Tests.Progress;

/// <summary>Nobody who says something waits for, or fails with, what shows it.</summary>
public sealed class LineQueueTests
{
    private static readonly ProgressSnapshot Snapshot = new(1, 100, 2.5, null, 1234, null, 3, 3, null, null, 1, null);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_output_that_refuses_everything_is_said_once_on_standard_error(bool json)
    {
        using var error = new StringWriter { NewLine = "\n" };
        using (var output = new BrokenOutput())
        using (ProgressView view = ProgressView.Create(new ProgressOptions { Json = json, Output = output, EverySteps = 1, Unshown = new Unshown(error).Say }))
        {
            view.Update(Snapshot);
            view.Event(ProgressEventKind.Fault, "node-2 died");
            view.Update(Snapshot with { Step = 2 });
        }

        Assert.Equal("moe: standard output cannot be written (No space left on device): the run is not affected, but what it says is not shown\n", error.ToString());
    }

    [Fact]
    public void Where_standard_error_refuses_too_nobody_hears_of_it_and_nothing_fails()
    {
        using var output = new BrokenOutput();
        using ProgressView view = ProgressView.Create(new ProgressOptions { Output = output, Unshown = new Unshown(output).Say });
        view.Event(ProgressEventKind.Fault, "node-2 died");
    }

    [Fact]
    public void A_reader_that_does_not_read_makes_nobody_wait()
    {
        using var output = new BlockedOutput();
        var queue = new LineQueue(output, _ => { });
        queue.Write("first");
        output.Reached.Wait(TestContext.Current.CancellationToken);
        for (int i = 0; i < LineQueue.Most + 7; i++)
        {
            queue.Write("more");
        }

        Assert.Equal(7, queue.LeftOut);
        output.Read.Set();
        queue.Dispose();
        Assert.Equal(LineQueue.Most + 1, output.Lines);
    }

    private sealed class BrokenOutput : StringWriter
    {
        public override void WriteLine(string? value) => throw new IOException("No space left on device");
    }

    private sealed class BlockedOutput : StringWriter
    {
        public ManualResetEventSlim Reached { get; } = new();

        public ManualResetEventSlim Read { get; } = new();

        public int Lines { get; private set; }

        public override void WriteLine(string? value)
        {
            Reached.Set();
            Read.Wait();
            Lines++;
        }
    }
}
