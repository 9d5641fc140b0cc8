using System.Net.Http;
using System.Net.Sockets;
using Verathos.Attestation.Verdicts;
using Verathos.Client;
using Verathos.Client.Receipts;
using Verathos.Validator.Nodes;
using Verathos.Validator.State;

namespace Verathos.Validator.Tests.Nodes;

public sealed class NodeFaultTests
{
    public static TheoryData<string, ClientFailure, string?, WorkResult, bool> Cases => new()
    {
        { "a receipt with a wrong signature", ClientFailure.ReceiptInvalid, ReceiptCheckNames.Key, WorkResult.Failed, true },
        { "a receipt for other ids", ClientFailure.ReceiptInvalid, ReceiptCheckNames.Output, WorkResult.Failed, true },
        { "a withheld receipt", ClientFailure.ReceiptInvalid, ReceiptCheckNames.Missing, WorkResult.Failed, true },
        { "a clock that is off", ClientFailure.ReceiptInvalid, ReceiptCheckNames.Times, WorkResult.Unavailable, false },
        { "two histories", ClientFailure.Equivocation, ReceiptCheckNames.Equivocation, WorkResult.Failed, true },
        { "bytes that are no evidence", ClientFailure.EvidenceMalformed, "evidence.format", WorkResult.Failed, true },
        { "a forged quote", ClientFailure.EvidenceRejected, CheckNames.QuoteSignature, WorkResult.Failed, true },
        { "evidence for another nonce", ClientFailure.EvidenceRejected, CheckNames.BindingReportData, WorkResult.Failed, true },
        { "an old TCB", ClientFailure.EvidenceRejected, CheckNames.TcbStatus, WorkResult.Unavailable, false },
        { "stale collateral", ClientFailure.EvidenceRejected, CheckNames.CollateralTcbInfo, WorkResult.Unavailable, false },
        { "a cut stream", ClientFailure.StreamBroken, null, WorkResult.Unavailable, false },
        { "a cut that anybody can make", ClientFailure.StreamBroken, "stream.authentic", WorkResult.Unavailable, false },
        { "a sealed event without its commitment", ClientFailure.StreamBroken, "stream.trace", WorkResult.Failed, true },
        { "a refusal", ClientFailure.Refused, null, WorkResult.Unavailable, false },
        { "a request of ours that is wrong", ClientFailure.InvalidRequest, null, WorkResult.ValidatorError, false },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_failure_is_somebodys(string name, ClientFailure failure, string? check, WorkResult expected, bool caught)
    {
        WorkEnd end = NodeFault.Of(new VerathosException(failure, name) { Check = check }, [1], static _ => "proof.json");
        Assert.Equal(expected, end.Result);
        Assert.Equal(caught, end.Events.Any(static happened => happened.Kind == EventKind.Caught));
        Assert.Equal(failure == ClientFailure.Equivocation ? "proof.json" : null, end.Events.Select(static happened => happened.Proof).FirstOrDefault());
    }

    [Theory]
    [InlineData(SocketError.ConnectionRefused, WorkResult.Unavailable)]
    [InlineData(SocketError.TimedOut, WorkResult.Unavailable)]
    [InlineData(SocketError.HostUnreachable, WorkResult.Unavailable)]
    [InlineData(SocketError.HostNotFound, WorkResult.Unavailable)]
    [InlineData(SocketError.NetworkUnreachable, WorkResult.ValidatorError)]
    [InlineData(SocketError.NetworkDown, WorkResult.ValidatorError)]
    [InlineData(SocketError.TryAgain, WorkResult.ValidatorError)]
    [InlineData(SocketError.TooManyOpenSockets, WorkResult.ValidatorError)]
    public void Whether_a_connection_failed_here_or_there_the_socket_says(SocketError error, WorkResult expected)
    {
        VerathosException failure = new(ClientFailure.Unreachable, "no connection", new HttpRequestException("no", new SocketException((int)error)));
        Assert.Equal(expected, NodeFault.Of(failure, null, static _ => null).Result);
    }

    [Fact]
    public void What_this_program_does_wrong_is_its_own() =>
        Assert.Equal((WorkResult.ValidatorError, "validator.exception"), NodeFault.Of(new InvalidOperationException(), null, static _ => null) is var end ? (end.Result, end.Reason) : default);

    [Fact]
    public void What_a_reader_throws_is_not_this_programs_doing_and_catches_nobody()
    {
        foreach (Exception thrown in (Exception[])[new FormatException(), new System.Text.Json.JsonException(), new System.Formats.Cbor.CborContentException("")])
        {
            WorkEnd end = NodeFault.Of(thrown, [1], static _ => null);
            Assert.Equal((WorkResult.Unavailable, "node.malformed", 0), (end.Result, end.Reason, end.Events.Count));
        }
    }

    [Theory]
    [InlineData("not a list", "nothing")]
    [InlineData("an unknown member", """[{"name":"a","url":"http://h:1","identity":null,"x":1}]""")]
    [InlineData("a missing member", """[{"name":"a","url":"http://h:1"}]""")]
    [InlineData("a member twice", """[{"name":"a","name":"b","url":"http://h:1","identity":null}]""")]
    [InlineData("a name twice", """[{"name":"a","url":"http://h:1","identity":null},{"name":"a","url":"http://h:2","identity":null}]""")]
    [InlineData("a name with a path in it", """[{"name":"../a","url":"http://h:1","identity":null}]""")]
    [InlineData("no name", """[{"name":"","url":"http://h:1","identity":null}]""")]
    [InlineData("another scheme", """[{"name":"a","url":"file:///etc","identity":null}]""")]
    [InlineData("a short hotkey", """[{"name":"a","url":"http://h:1","identity":{"genesisHash":"00","netUid":1,"hotkey":"00"}}]""")]
    public void A_list_of_nodes_with_a_fault_is_refused_whole(string name, string json) =>
        Assert.True(Assert.Throws<InvalidDataException>(() => FileNodeDirectory.Parse(System.Text.Encoding.UTF8.GetBytes(json), "nodes.json")).Message.Length > 0, name);

    [Fact]
    public void A_list_of_nodes_is_read_with_its_identities()
    {
        string hash = new('a', 64);
        IReadOnlyList<ListedNode> nodes = FileNodeDirectory.Parse(System.Text.Encoding.UTF8.GetBytes(
            $$"""[{"name":"a","url":"http://h:1","identity":null},{"name":"b","url":"https://h:2","identity":{"genesisHash":"{{hash}}","netUid":7,"hotkey":"{{hash}}"} }]"""), "nodes.json");
        Assert.Equal([null, $"{hash}:7:{hash}"], nodes.Select(static node => node.Identity));
    }
}
