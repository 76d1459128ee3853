using MoeActors.Host.Reports;

namespace MoeActors.Host.Tests.Reports;

public class LogTests
{
    [Fact]
    public void A_torn_last_line_is_skipped_by_readers_and_cut_off_by_the_next_writer()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("steps.jsonl");
        using (var log = new StepsLog(path))
        {
            log.Append(ReportFixture.Step(1));
            log.Append(ReportFixture.Step(2));
        }

        File.AppendAllText(path, "{\"step\":3,\"epo");
        StepHistory torn = StepsLog.Read(path);
        Assert.True(torn.Torn);
        Assert.Equal(2, torn.Steps.Count);

        using (var log = new StepsLog(path))
        {
            log.Append(ReportFixture.Step(3, epoch: 2));
        }

        StepHistory whole = StepsLog.Read(path);
        Assert.False(whole.Torn);
        Assert.Equal([1L, 2L, 3L], whole.Steps.Select(s => s.Step));
    }

    [Fact]
    public void A_former_writer_that_wakes_up_after_another_took_over_changes_nothing_that_is_read()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("steps.jsonl");
        using var former = new StepsLog(path);
        former.Append(ReportFixture.Step(1));
        using var successor = new StepsLog(path);
        successor.Append(ReportFixture.Step(2, epoch: 2));
        former.Append(ReportFixture.Step(2));
        successor.Append(ReportFixture.Step(3, epoch: 2));
        former.Append(ReportFixture.Step(3));
        Assert.Equal([(1L, 1L), (2L, 2L), (3L, 2L)], StepsLog.Read(path).Steps.Select(s => (s.Step, s.Epoch)));
        Assert.Equal([path], Directory.EnumerateFiles(Path.GetDirectoryName(path)!));
    }

    [Fact]
    public void A_line_is_readable_as_soon_as_append_returns()
    {
        using var folder = new TemporaryFolder();
        using var log = new StepsLog(folder.File("steps.jsonl"));
        log.Append(ReportFixture.Step(1));
        Assert.Single(StepsLog.Read(folder.File("steps.jsonl")).Steps);
    }

    [Fact]
    public void A_broken_line_in_the_middle_is_left_out_and_named()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("steps.jsonl");
        File.WriteAllText(path, "{\"step\":1,\"epoch\":1,\"loss\":2,\"tokens\":4,\"ms\":1}\nrubbish\n{\"step\":3,\"epoch\":1,\"loss\":2,\"tokens\":4,\"ms\":1}\n");
        StepHistory history = StepsLog.Read(path);
        Assert.Equal([1L, 3L], history.Steps.Select(s => s.Step));
        Assert.StartsWith("steps.jsonl line 2: ", Assert.Single(history.LeftOut), StringComparison.Ordinal);
    }

    [Fact]
    public void A_flipped_bit_anywhere_in_a_log_costs_its_line_alone_and_is_named()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("steps.jsonl");
        using (var log = new StepsLog(path))
        {
            log.Append(ReportFixture.Step(1));
            log.Append(ReportFixture.Step(2));
            log.Append(ReportFixture.Step(3));
        }

        byte[] sound = File.ReadAllBytes(path);
        int[] ends = [.. Enumerable.Range(0, sound.Length).Where(i => sound[i] == '\n')];
        for (int bit = 0; bit < 8 * sound.Length; bit += bit % 8 == 7 ? 17 : 1)
        {
            byte[] bad = [.. sound];
            bad[bit / 8] ^= (byte)(1 << (bit % 8));
            File.WriteAllBytes(path, bad);
            if (bit / 8 >= ends[1])
            {
                // The last line (the last two, where the newline between them is gone) may have been torn by a killed process: it is left out, and that is said.
                StepHistory history = StepsLog.Read(path);
                Assert.True(history.Torn && history.Steps.Count == (bit / 8 == ends[1] ? 1 : 2), $"bit {bit}");
            }
            else
            {
                int line = Array.FindIndex(ends, e => bit / 8 <= e) + 1;
                StepHistory history = StepsLog.Read(path);
                Assert.StartsWith($"steps.jsonl line {line}:", history.LeftOut[0], StringComparison.Ordinal);
                Assert.Contains(history.Steps, s => s.Step == 3);
                Assert.DoesNotContain(history.Steps, s => s.Step == line);
            }
        }
    }

    [Fact]
    public void A_line_that_has_lost_its_checksum_is_named_where_others_have_one()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("steps.jsonl");
        const string Old = "{\"step\":1,\"epoch\":1,\"loss\":2,\"tokens\":4,\"ms\":1}\n";
        File.WriteAllText(path, Old);
        using (var log = new StepsLog(path))
        {
            log.Append(ReportFixture.Step(2));
        }

        Assert.Equal(2, StepsLog.Read(path).Steps.Count); // begun by an older build, gone on with by this one
        File.AppendAllText(path, Old + Old);
        Assert.Contains("line 3: left out, as it is not a record of this version: altered", Assert.Single(StepsLog.Read(path).LeftOut), StringComparison.Ordinal);
    }

    [Fact]
    public void No_log_is_no_steps() => Assert.Empty(StepsLog.Read("/nonexistent/steps.jsonl").Steps);

    [Fact]
    public void A_log_that_cannot_be_read_is_no_steps_and_says_why()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("steps.jsonl"));
        StepHistory history = StepsLog.Read(folder.File("steps.jsonl"));
        Assert.Empty(history.Steps);
        Assert.Contains("expected a file", Assert.Single(history.LeftOut), StringComparison.Ordinal);
    }

    [Fact]
    public void A_mark_that_an_epoch_went_back_behind_does_not_survive_and_the_highest_step_is_the_last()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("events.jsonl");
        using (var log = new EventsLog(path))
        {
            log.Append(new StateMark(260, "a", "a"));
            log.Append(new StateMark(300, "b", "b"));
            log.Append(new StateMark(320, "c", "c"));
            log.Append("epoch", "{}", step: 260, epoch: 2);
            log.Append(new StateMark(280, "d", "d"));
            log.Append(new StateMark(300, "e", "e"));
        }

        Assert.Equal([(260L, "a"), (280L, "d"), (300L, "e")], EventsLog.Read(path).Marks.Select(m => (m.Step, m.WeightsHash)));
    }

    [Fact]
    public void A_log_that_cannot_be_written_says_what_to_do()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("taken"), "");
        var e = Assert.Throws<ReportException>(() => new StepsLog(Path.Combine(folder.File("taken"), "steps.jsonl")));
        Assert.Contains("--run-dir", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_records_that_grow_the_last_one_counts_in_the_place_of_the_first()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("events.jsonl");
        var checkpoint = new CheckpointRecord { Step = 10, Kind = "full", Bytes = 8, BytesPerRank = [8], StallMs = 1, PersistMs = 2, Verified = false };
        using (var log = new EventsLog(path))
        {
            log.Append(ReportFixture.Fault with { FirstStepMs = null });
            log.Append(checkpoint);
            log.Append(ReportFixture.Fault with { Id = 2, AtStep = 9 });
            log.Append("membership", "node-3 joined", step: 9, epoch: 2);
            log.Append(checkpoint with { Verified = true });
            log.Append(ReportFixture.Fault);
            log.Append(new StateMark(10, "aa", "bb"));
        }

        EventHistory events = EventsLog.Read(path);
        Assert.Equal([ReportFixture.Fault, ReportFixture.Fault with { Id = 2, AtStep = 9 }], events.Faults);
        Assert.True(Assert.Single(events.Checkpoints).Verified);
        Assert.Equal(new StateMark(10, "aa", "bb"), Assert.Single(events.Marks));
        Assert.Equal(7, events.All.Count);
        Assert.Equal("node-3 joined", events.All[3].Message);
    }
}
