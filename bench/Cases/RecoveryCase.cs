using System.Diagnostics;
using System.Text.Json;
using MoeActors.Bench.Processes;
using MoeActors.Bench.Report;

namespace MoeActors.Bench.Cases;

/// <summary>kill -9 of a random node of a run of the preset tiny at a random step: what the report says, and what a clock outside sees.</summary>
internal sealed class RecoveryCase : IBenchCase
{
    private const int Steps = 120;

    public string Name => "recovery";

    public async Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        var outside = new List<double>();
        var phases = new Dictionary<string, List<double>> { ["detectedMs"] = [], ["decidedMs"] = [], ["rejoinedMs"] = [], ["firstStepMs"] = [] };
        var random = new Random(1);
        for (int round = 0; round < (context.Runs ?? 10); round++)
        {
            using TrainingRun run = TrainingRun.Start(context, "--preset", "tiny", "--steps", $"{Steps}");
            int at = random.Next(12, Steps / 2);
            IReadOnlyList<StepDone> before = await run.UntilAsync(d => d.Count >= at, TimeSpan.FromMilliseconds(5), cancel);
            int epoch = before[^1].Epoch;
            IReadOnlyList<int> nodes = run.Nodes;
            int victim = random.Next(nodes.Count);
            long killed = Stopwatch.GetTimestamp();
            using (Process node = Process.GetProcessById(nodes[victim]))
            {
                node.Kill();
            }

            await run.UntilAsync(d => d[^1].Epoch > epoch, TimeSpan.FromMilliseconds(2), cancel);
            outside.Add(Stopwatch.GetElapsedTime(killed).TotalMilliseconds);
            await run.EndAsync(cancel);
            Read(Path.Combine(run.Folder, "report.json"), phases);
            context.Say($"recovery round {round + 1}: one of {nodes.Count} nodes killed after step {at}, next step after {outside[^1]:0} ms");
        }

        return
        [
            BenchRow.Of("recovery", "kill -9 to the next step", "ms", outside, null, "seen from outside; process start included"),
            .. phases.Where(p => p.Value.Count > 0).Select(p => BenchRow.Of("recovery", p.Key, "ms", p.Value, null, "from the report")),
        ];
    }

    private static void Read(string report, Dictionary<string, List<double>> phases)
    {
        if (!File.Exists(report))
        {
            throw new BenchException($"{report}: the run ended without it");
        }

        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(report));
        JsonElement fault = document.RootElement.GetProperty("faults")[0];
        foreach ((string name, List<double> values) in phases)
        {
            if (fault.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number)
            {
                values.Add(value.GetDouble());
            }
        }
    }
}
