using System.Text.Json;
using MoeActors.Bench.Processes;
using MoeActors.Bench.Report;
using MoeActors.Bench.Workers;

namespace MoeActors.Bench.Cases;

/// <summary>
/// What exactness costs while nothing fails: the preset small at 4096 tokens a step on two nodes, one computing thread each, without peers' copies and with one, in turn. And what keeping a copy current takes from one process to
/// another: sending the state, against sending the reduced gradient, from which the copy makes the update itself.
/// </summary>
internal sealed class CopiesCase : IBenchCase
{
    private const int Warm = 10, Steps = 30;

    private const string Configuration = """
        preset = small
        nodes = 2
        layout {
          ranks = 2
          expert-parallel = 2
        }
        training {
          steps = 100000
          global-batch = 64
        }
        checkpoint.interval = 0
        evaluation.interval = 0
        """;

    public string Name => CaseNames.Copies;

    public async Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        string file = Path.Combine(context.NewFolder(), "copies.conf");
        await File.WriteAllTextAsync(file, Configuration, cancel);
        var speed = new Dictionary<int, List<double>> { [0] = [], [1] = [] };
        var processor = new Dictionary<int, List<double>> { [0] = [], [1] = [] };
        for (int round = 0; round < (context.Runs ?? 3); round++)
        {
            foreach (int copies in round % 2 == 0 ? (int[])[0, 1] : [1, 0])
            {
                using TrainingRun run = TrainingRun.Start(context, "--config", file, "--set", $"recovery.copies={copies}");
                var poll = TimeSpan.FromMilliseconds(10);
                await run.UntilAsync(d => d.Count >= Warm, poll, cancel);
                IReadOnlyList<int> nodes = run.Nodes;
                double before = nodes.Sum(ProcessTimes.CpuMs);
                IReadOnlyList<StepDone> done = await run.UntilAsync(d => d.Count >= Warm + Steps, poll, cancel);
                processor[copies].Add((nodes.Sum(ProcessTimes.CpuMs) - before) / Steps);
                StepDone[] measured = [.. done.Skip(Warm).Take(Steps)];
                run.Kill();

                // Over all of them: a step that waits for a copy makes the next one wait, too.
                speed[copies].Add(measured.Sum(s => s.Tokens) * 1000 / measured.Sum(s => s.Ms));
                context.Say($"copies round {round + 1}: {copies} copies, {speed[copies][^1]:0} tokens/s");
            }
        }

        return
        [
            BenchRow.Of("copies 1", "speed", "tokens/s", speed[1], Statistics.Median(speed[0]), $"baseline: recovery.copies = 0, [{speed[0].Min():0} … {speed[0].Max():0}]"),
            BenchRow.Of("copies 1", "processor time of a step", "ms", processor[1], Statistics.Median(processor[0]), "baseline: recovery.copies = 0"),
            .. await KeepingCurrentAsync(context, cancel),
        ];
    }

    private static async Task<IReadOnlyList<BenchRow>> KeepingCurrentAsync(BenchContext context, CancellationToken cancel)
    {
        var ms = new Dictionary<string, List<double>>();
        CopyTimes? shape = null;
        for (int round = 0; round < (context.Runs ?? 3); round++)
        {
            string folder = context.NewFolder();
            using Child first = Child.StartWorker("copies", "0", folder), second = Child.StartWorker("copies", "1", folder);
            IReadOnlyList<string>[] lines = await Task.WhenAll(first.LinesAsync(cancel), second.LinesAsync(cancel));
            foreach (CopyTimes times in lines[0].Select(l => JsonSerializer.Deserialize<CopyTimes>(l)!))
            {
                ms.TryAdd(times.What, []);
                ms[times.What].Add(Statistics.Median(times.Ms));
                shape = times;
            }
        }

        double state = Statistics.Median(ms["state"]);
        return
        [
            BenchRow.Of("copies keep current", "sending the state", "ms", ms["state"], null, $"{shape!.Parameters / 1e6:0.0} M parameters, 12 bytes each, one process to another"),
            BenchRow.Of("copies keep current", "sending the gradient, and its update", "ms", ms["gradient"], state, "4 bytes a parameter; baseline: sending the state"),
        ];
    }
}
