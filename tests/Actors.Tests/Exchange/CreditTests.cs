using CsCheck;
using MoeActors.Actors.Exchange;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Actors.Tests.Exchange;

[Collection(ExchangeCollection.Name)]
public sealed class CreditTests
{
    [Fact]
    public async Task Untaken_payloads_at_a_receiver_never_exceed_the_window()
    {
        const int Window = 100_000, Frames = 60, Bytes = 30_000;
        using ExchangeMesh cluster = await ExchangeMesh.ConnectedAsync(2, configure: (_, o) => o with { CreditBytes = Window });
        for (int i = 0; i < Frames; i++)
        {
            cluster.Send(0, 1, zeros([100, 300], dtype: ScalarType.Byte), chunk: i);
        }

        // All that the window admits has come once the sender says that it waits.
        Assert.True(ExchangeMesh.Eventually(() => cluster.Exchanges[0].Statistics.CreditWaits == 1 && cluster.Mailboxes[1].Count == Window / Bytes));
        Queue<Ticket> held = new();
        for (int i = 0; i < Frames; i++)
        {
            held.Enqueue(cluster.Mailboxes[1].Next());
            Assert.True((held.Count + cluster.Mailboxes[1].Count) * Bytes <= Window);
            if (held.Count == Window / Bytes || i >= Frames - 3)
            {
                held.Dequeue().Discard();
            }
        }

        Assert.True(cluster.Exchanges[0].Statistics.CreditWaits > 10);
        Assert.True(cluster.Exchanges[0].Statistics.CreditWaitTime > TimeSpan.Zero);
        while (held.TryDequeue(out Ticket? last))
        {
            last.Discard();
        }
    }

    [Fact]
    public async Task A_frame_larger_than_the_window_passes_alone()
    {
        using ExchangeMesh cluster = await ExchangeMesh.ConnectedAsync(2, configure: (_, o) => o with { CreditBytes = 1000 });
        for (int i = 0; i < 3; i++)
        {
            cluster.Send(0, 1, zeros([1000, 100], dtype: ScalarType.Float32).Fill(i), chunk: i);
        }

        for (int i = 0; i < 3; i++)
        {
            Ticket ticket = cluster.Mailboxes[1].Next();
            Assert.Equal(0, cluster.Mailboxes[1].Count);
            using Tensor got = ticket.Take()!;
            Assert.Equal((i, (float)i), (ticket.Header.Chunk, got[999, 99].item<float>()));
        }
    }

    [Fact]
    public async Task Two_full_windows_do_not_lock_each_other()
    {
        using ExchangeMesh cluster = await ExchangeMesh.ConnectedAsync(2, configure: (_, o) => o with { CreditBytes = 5000 });
        for (int i = 0; i < 100; i++)
        {
            cluster.Send(0, 1, zeros(30, 30), chunk: i);
            cluster.Send(1, 0, zeros(30, 30), chunk: i);
        }

        for (int i = 0; i < 100; i++)
        {
            foreach (MailboxRef mailbox in cluster.Mailboxes)
            {
                Ticket ticket = mailbox.Next();
                Assert.Equal(i, ticket.Header.Chunk);
                ticket.Discard();
            }
        }
    }

    [Fact]
    public void The_sender_never_exceeds_the_window_and_never_stops_for_good() =>
        Check.Sample(Gen.Select(Gen.Long[1, 1000], Gen.Long[1, 1500].Array[1, 60], Gen.Bool.Array[60]), (window, frames, take) =>
        {
            bool due = false;
            SendCredit sender = new(window);
            ReceiveCredit receiver = new(window, () => due = true);
            Queue<long> held = new();
            int next = 0;
            for (int i = 0; next < frames.Length || held.Count > 0; i++)
            {
                if (next < frames.Length && sender.Allows(frames[next]))
                {
                    sender.Charge(frames[next]);
                    Assert.True(receiver.Receive(frames[next]));
                    held.Enqueue(frames[next++]);
                    Assert.True(held.Sum() <= window || held.Count == 1);
                    continue;
                }

                receiver.PeerWaits();
                if (held.Count > 0 && (take[i % 60] || !due))
                {
                    receiver.Release(held.Dequeue());
                    Assert.True(due);
                }

                if (due)
                {
                    due = false;
                    Assert.True(sender.Return(receiver.Return()));
                }
            }
        });
}
