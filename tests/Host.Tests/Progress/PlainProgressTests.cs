using MoeActors.Host.Progress;
using Spectre.Console;

namespace MoeActors.Host.Tests.Progress;

public class PlainProgressTests
{
    private static readonly ProgressSnapshot Snapshot = new(1, 100, 2.5, null, 1234, TimeSpan.FromSeconds(192), 3, 3, null, null, 1, null);

    [Fact]
    public void In_a_pipe_there_is_a_line_for_the_first_every_nth_and_the_last_step_and_for_every_event()
    {
        using var output = new StringWriter { NewLine = "\n" };
        using (ProgressView view = ProgressView.Create(new ProgressOptions { Output = output, EverySteps = 50, Time = new StoppedClock() }))
        {
            view.Update(Snapshot);
            view.Update(Snapshot with { Step = 2 });
            view.Event(ProgressEventKind.Fault, "node-2 died\nin step 3");
            view.Update(Snapshot with { Step = 50, Loss = 1.75, ValidationLoss = 1.8, TokensPerSecond = 123_456, LastCheckpointStep = 40, SlowestRank = 2, NodesUp = 2, Plt = 0.0042 });
            view.Event(ProgressEventKind.Info, "done soon");
            view.Update(Snapshot with { Step = 100, Eta = null, NodesUp = 4 });
        }

        Assert.Equal(
            """
            step 1/100  loss 2.5000  1.2k tok/s  eta 3m12s  nodes 3/3
            fault: node-2 died in step 3
            step 50/100  loss 1.7500  val 1.8000  123k tok/s  eta 3m12s  nodes 2/3  checkpoint 40  plt 0.42 %  slowest rank 2
            done soon
            step 100/100  loss 2.5000  1.2k tok/s  nodes 3/3 + 1

            """.ReplaceLineEndings("\n"),
            output.ToString());
    }

    [Fact]
    public void Slow_steps_get_a_line_each_two_seconds_and_the_same_step_never_two()
    {
        using var output = new StringWriter { NewLine = "\n" };
        var clock = new StoppedClock();
        using (ProgressView view = ProgressView.Create(new ProgressOptions { Output = output, Time = clock }))
        {
            for (int step = 1; step <= 5; step++, clock.Advance(TimeSpan.FromSeconds(1)))
            {
                view.Update(Snapshot with { Step = step });
                view.Update(Snapshot with { Step = step });
            }
        }

        Assert.Equal(["step 1/100", "step 3/100", "step 5/100"], output.ToString().Split('\n').SkipLast(1).Select(l => l.Split("  ")[0]));
    }

    [Fact]
    public void The_last_state_is_shown_when_the_view_ends_between_two_lines()
    {
        using var output = new StringWriter { NewLine = "\n" };
        using (ProgressView view = ProgressView.Create(new ProgressOptions { Output = output, Time = new StoppedClock() }))
        {
            view.Update(Snapshot);
            view.Update(Snapshot with { Step = 7 });
        }

        Assert.EndsWith("\nstep 7/100  loss 2.5000  1.2k tok/s  eta 3m12s  nodes 3/3\n", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Json_lines_are_one_object_each()
    {
        using var output = new StringWriter { NewLine = "\n" };
        using (ProgressView view = ProgressView.Create(new ProgressOptions { Json = true, Output = output, Time = new StoppedClock() }))
        {
            view.Update(Snapshot with { Loss = double.NaN, LastCheckpointStep = 0 });
            view.Update(Snapshot with { Step = 100, Plt = 0.25 });
            view.Event(ProgressEventKind.Checkpoint, "step 40 \"full\"");
        }

        Assert.Equal(
            "{\"type\":\"progress\",\"step\":1,\"steps\":100,\"loss\":null,\"tokensPerSecond\":1234,\"etaSeconds\":192,\"nodesUp\":3,\"nodes\":3,\"lastCheckpointStep\":0,\"epoch\":1}\n"
            + "{\"type\":\"progress\",\"step\":100,\"steps\":100,\"loss\":2.5,\"tokensPerSecond\":1234,\"etaSeconds\":192,\"nodesUp\":3,\"nodes\":3,\"epoch\":1,\"plt\":0.25}\n"
            + "{\"type\":\"event\",\"kind\":\"checkpoint\",\"message\":\"step 40 \\\"full\\\"\"}\n",
            output.ToString());
    }

    [Theory]
    [InlineData("1", ColorSystemSupport.NoColors)]
    [InlineData("0", ColorSystemSupport.NoColors)]
    [InlineData("", ColorSystemSupport.Detect)]
    [InlineData(null, ColorSystemSupport.Detect)]
    public void No_color_set_to_anything_takes_the_colours_away(string? value, ColorSystemSupport expected) =>
        Assert.Equal(expected, ProgressView.Terminal(name => name == "NO_COLOR" ? value : null).ColorSystem);

    [Theory]
    [InlineData(0.2, "1s")]
    [InlineData(59.5, "1m00s")]
    [InlineData(61, "1m01s")]
    [InlineData(7325, "2h02m")]
    [InlineData(200000, "2d07h")]
    public void Durations_read_in_two_units(double seconds, string text) => Assert.Equal(text, ProgressText.Duration(TimeSpan.FromSeconds(seconds)));
}
