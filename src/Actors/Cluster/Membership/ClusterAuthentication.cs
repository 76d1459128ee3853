using System.Diagnostics;

using Akka.Actor;

using MoeActors.Actors.ControlPlane;
using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Cluster.Membership;

/// <summary>A peer or cluster refused us, or could not be reached. The message is ready for people.</summary>
public sealed class RefusedException : Exception
{
    /// <summary>Creates the exception.</summary>
    public RefusedException(string message)
        : base(message)
    {
    }

    /// <summary>Nobody answered; false: somebody did, and refused.</summary>
    public bool Unreachable { get; init; }
}

/// <summary>How a node or client comes into a cluster: mutual proof of the secret or certificate, version and build checked, the reason of a refusal in one sentence.</summary>
public static class ClusterAuthentication
{
    private static readonly TimeSpan ConnectTime = TimeSpan.FromSeconds(2), Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Returns the gateway of the first node that answers; throws <see cref="RefusedException"/>.</summary>
    public static async Task<IActorRef> AuthenticateAsync(
        ActorSystem system, ControlCredentials credentials, IReadOnlyList<string> addresses, string secret, bool joins, TimeSpan patience, CancellationToken cancellation)
    {
        string last = "no address given";
        long since = Stopwatch.GetTimestamp();
        do
        {
            foreach (string address in addresses)
            {
                AuthenticationRequest request = AuthenticationProof.Make(secret, joins);
                try
                {
                    Address node = ControlSystem.AddressOf(system, address);

                    // A connection of one's own first: of one that Akka makes, the reason why it fails is not told.
                    using (ControlWire dialled = await ControlDial.ConnectAsync(node.Host, node.Port!.Value, credentials, ConnectTime, cancellation).ConfigureAwait(false))
                    {
                    }

                    ActorSelection found = system.ActorSelection(new RootActorPath(node) / "user" / "gateway");
                    IActorRef gateway = await found.ResolveOne(TimeSpan.FromSeconds(2), cancellation).ConfigureAwait(false);
                    AuthenticationAnswer answer = await gateway.Ask<AuthenticationAnswer>(request, TimeSpan.FromSeconds(3), cancellation).ConfigureAwait(false);
                    if (answer.Refusal is not null)
                    {
                        throw new RefusedException($"{address} refused: {answer.Refusal}");
                    }

                    return AuthenticationProof.IsAnswer(answer, request.Nonce, secret)
                        ? gateway
                        : throw new RefusedException($"{address} does not know the shared secret: it is no node of this cluster");
                }
                catch (DialException e) when (e.Failure == DialFailure.Strange)
                {
                    throw new RefusedException(e.Message);
                }
                catch (DialException e)
                {
                    last = e.Failure == DialFailure.Unreachable ? $"{address} does not answer: is a node running there (moe node --port …)?" : e.Message;
                }
                catch (Exception e) when (e is ActorNotFoundException or AskTimeoutException or TimeoutException)
                {
                    last = $"{address} does not answer: is a node running there (moe node --port …)?";
                }
            }

            if (patience > TimeSpan.Zero)
            {
                // Where nothing listens the answer comes at once.
                await Task.Delay(Pause, cancellation).ConfigureAwait(false);
            }
        }
        while (Stopwatch.GetElapsedTime(since) < patience && !cancellation.IsCancellationRequested);
        throw new RefusedException(last) { Unreachable = true };
    }
}
