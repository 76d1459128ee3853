using System.Text.Json;
using MoeActors.Bench.Processes;
using MoeActors.Bench.Report;
using MoeActors.Bench.Workers;

namespace MoeActors.Bench.Cases;

/// <summary>
/// Training steps of a cluster of two node processes, one computing thread each, in turn with the plain engine in one process with two threads: the same record
/// (text, layout of two logical ranks, kernels, optimizer pass), without actors and exchange.
/// </summary>
internal sealed class StepCase : IBenchCase
{
    private const int Warm = 3, Steps = 8;

    private const string Configuration = """
        preset = small
        nodes = 2
        model {
          name = bench
          hidden = 512
          heads = 8
          kv-heads = 8
          context = 256
          layers = 4
          feed-forward = 2048
          moe {
            experts = 8
            top-k = 2
            expert-hidden = 2048
          }
        }
        layout {
          ranks = 2
          expert-parallel = 2
          chunk-rows = 2048
        }
        training {
          steps = 1000
          global-batch = 16
          matmul = medium
        }
        checkpoint.interval = 0
        evaluation.interval = 0
        """;

    public string Name => CaseNames.Step;

    public async Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        string file = Path.Combine(context.NewFolder(), "step.conf");
        await File.WriteAllTextAsync(file, Configuration, cancel);
        var rows = new List<BenchRow>();
        foreach (string precision in (string[])["fp32", "bf16"])
        {
            if (precision == "bf16" && BFloat16Units.Missing(context, Name))
            {
                continue;
            }

            var cluster = new List<double>();
            var local = new List<double>();
            var exposed = new List<double>();
            var clusterCpu = new List<double>();
            var localCpu = new List<double>();
            for (int round = 0; round < (context.Runs ?? 3); round++)
            {
                using TrainingRun run = TrainingRun.Start(context, "--config", file, "--set", $"training.precision={precision}");
                (IReadOnlyList<StepDone> steps, double cpu) = await ClusterAsync(run, cancel);
                cluster.AddRange(steps.Select(s => s.Tokens * 1000 / s.Ms));
                exposed.AddRange(steps.Select(s => s.ExposedCommunicationMs));
                clusterCpu.Add(cpu);
                IReadOnlyList<LocalStep> plain = await LocalAsync(run, cancel);
                local.AddRange(plain.Select(s => steps[0].Tokens * 1000 / s.Ms));
                localCpu.AddRange(plain.Select(s => s.CpuMs));
                context.Say($"step {precision} round {round + 1}: cluster {Statistics.Median(steps.Select(s => s.Ms)):0} ms, one process {Statistics.Median(plain.Select(s => s.Ms)):0} ms");
            }

            rows.Add(BenchRow.Of($"step {precision}", "speed of the cluster", "tokens/s", cluster, Statistics.Median(local), $"baseline: one process, two threads, [{local.Min():0} … {local.Max():0}]"));
            rows.Add(BenchRow.Of($"step {precision}", "processor time of a step", "ms", clusterCpu, Statistics.Median(localCpu), "baseline: one process, two threads"));
            rows.Add(BenchRow.Of($"step {precision}", "lane with nothing to compute", "ms", exposed));
        }

        return rows;
    }

    /// <summary>The measured steps, and the nodes' processor time of one.</summary>
    private static async Task<(IReadOnlyList<StepDone> Steps, double CpuMs)> ClusterAsync(TrainingRun run, CancellationToken cancel)
    {
        var poll = TimeSpan.FromMilliseconds(10);
        await run.UntilAsync(d => d.Count >= Warm, poll, cancel);
        IReadOnlyList<int> nodes = run.Nodes;
        double before = nodes.Sum(ProcessTimes.CpuMs);
        IReadOnlyList<StepDone> done = await run.UntilAsync(d => d.Count >= Warm + Steps, poll, cancel);
        double cpu = (nodes.Sum(ProcessTimes.CpuMs) - before) / Steps;
        run.Kill();
        return ([.. done.Skip(Warm).Take(Steps)], cpu);
    }

    private static async Task<IReadOnlyList<LocalStep>> LocalAsync(TrainingRun run, CancellationToken cancel)
    {
        using Child child = Child.StartWorker("step", Path.Combine(run.Folder, "run.json"), "2", $"{Warm + Steps}");
        IReadOnlyList<string> lines = await child.LinesAsync(cancel);
        return [.. lines.Skip(Warm).Select(l => JsonSerializer.Deserialize<LocalStep>(l)!)];
    }
}
