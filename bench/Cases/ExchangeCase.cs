using System.Text.Json;
using MoeActors.Bench.Processes;
using MoeActors.Bench.Report;
using MoeActors.Bench.Workers;

namespace MoeActors.Bench.Cases;

/// <summary>All-to-all of two processes over the data plane: half of each rank's buffer crosses, both ways at once.</summary>
internal sealed class ExchangeCase : IBenchCase
{
    public string Name => CaseNames.Exchange;

    public async Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        var rows = new List<BenchRow>();
        var times = new Dictionary<(string Wire, long Bytes), List<double>>();
        for (int round = 0; round < (context.Runs ?? 3); round++)
        {
            foreach (string listen in (string[])["unix", "tcp:127.0.0.1:0"])
            {
                string folder = context.NewFolder();
                using Child first = Child.StartWorker("exchange", "0", listen, folder), second = Child.StartWorker("exchange", "1", listen, folder);
                IReadOnlyList<string>[] lines = await Task.WhenAll(first.LinesAsync(cancel), second.LinesAsync(cancel));
                foreach (ExchangeTimes size in lines[0].Select(l => JsonSerializer.Deserialize<ExchangeTimes>(l)!))
                {
                    (string, long) key = (listen.Split(':')[0], size.Bytes);
                    times.TryAdd(key, []);
                    times[key].Add(Statistics.Median(size.Ms));
                }
            }
        }

        foreach (((string wire, long bytes), List<double> ms) in times)
        {
            string size = bytes >= 1 << 20 ? $"{bytes >> 20} MiB" : $"{bytes >> 10} KiB";
            rows.Add(BenchRow.Of($"exchange {wire} {size}", "time", "ms", ms));
            rows.Add(BenchRow.Of($"exchange {wire} {size}", "each way", "GB/s", [.. ms.Select(t => bytes / 2 / t / 1e6)]));
        }

        return rows;
    }
}
