// A server and a client made with gorilla/websocket; see tests/interop/programs.py.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// A message that is larger than the write buffer leaves in fragments; compressed ones are small.
const (
	fragment = 256
	whole    = 16 << 20
)

func report(code int, reason string) {
	line, _ := json.Marshal([]interface{}{code, reason})
	fmt.Println(string(line))
}

// WriteMessage may pass over the write buffer, whatever its size.
func send(conn *websocket.Conn, kind int, data []byte, fragmented bool) error {
	if !fragmented {
		return conn.WriteMessage(kind, data)
	}
	writer, err := conn.NextWriter(kind)
	if err != nil {
		return err
	}
	if _, err := writer.Write(data); err != nil {
		return err
	}
	return writer.Close()
}

func handle(writer http.ResponseWriter, request *http.Request) {
	upgrader := websocket.Upgrader{EnableCompression: true, WriteBufferSize: fragment}
	conn, err := upgrader.Upgrade(writer, request, nil)
	if err != nil {
		return
	}
	defer conn.Close()
	query := request.URL.Query()
	if request.URL.Path == "/close" {
		code, _ := strconv.Atoi(query.Get("code"))
		message := websocket.FormatCloseMessage(code, query.Get("reason"))
		conn.WriteControl(websocket.CloseMessage, message, time.Now().Add(time.Second))
	}
	if request.URL.Path == "/ping" {
		conn.SetPongHandler(func(data string) error {
			if data != "are you there" {
				return fmt.Errorf("another pong: %q", data)
			}
			return conn.WriteMessage(websocket.TextMessage, []byte("pong came"))
		})
		conn.WriteControl(websocket.PingMessage, []byte("are you there"), time.Now().Add(time.Second))
	}
	for {
		kind, data, err := conn.ReadMessage()
		if closed, ok := err.(*websocket.CloseError); ok {
			report(closed.Code, closed.Text)
			return
		}
		if err != nil {
			report(1006, err.Error())
			return
		}
		if send(conn, kind, data, request.URL.Path == "/fragment") != nil {
			return
		}
	}
}

func serve() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	go http.Serve(listener, http.HandlerFunc(handle))
	io.Copy(io.Discard, os.Stdin)
}

type options struct {
	Deflate bool `json:"deflate"`
}

func payload(argument []interface{}) (int, []byte) {
	size := int(argument[1].(float64))
	if argument[0] == "text" {
		return websocket.TextMessage, []byte(strings.Repeat("é", size/2) + strings.Repeat("x", size%2))
	}
	data := make([]byte, size)
	for at := 0; at < size-size%256; at++ {
		data[at] = byte(at % 256)
	}
	return websocket.BinaryMessage, data
}

func client(url string, script [][]interface{}, chosen options) {
	size := whole
	for _, step := range script {
		if step[0] == "fragments" {
			size = fragment
		}
	}
	dialer := websocket.Dialer{EnableCompression: chosen.Deflate, WriteBufferSize: size}
	conn, _, err := dialer.Dial(url, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	conn.SetReadDeadline(time.Now().Add(60 * time.Second))
	for _, step := range script {
		switch step[0] {
		case "echo", "fragments":
			kind, data := payload(step[1].([]interface{}))
			if err := conn.WriteMessage(kind, data); err != nil {
				log.Fatal(err)
			}
			back, echoed, err := conn.ReadMessage()
			if err != nil || back != kind || !bytes.Equal(echoed, data) {
				log.Fatal("not what was sent: ", err)
			}
		case "ping":
			// The pong is handled while the next message is read.
			got := ""
			conn.SetPongHandler(func(data string) error { got = data; return nil })
			conn.WriteControl(websocket.PingMessage, []byte("are you there"), time.Now().Add(time.Second))
			conn.WriteMessage(websocket.TextMessage, []byte("after"))
			if _, _, err := conn.ReadMessage(); err != nil || got != "are you there" {
				log.Fatal("no pong: ", err, got)
			}
		case "close":
			argument := step[1].([]interface{})
			message := websocket.FormatCloseMessage(int(argument[0].(float64)), argument[1].(string))
			conn.WriteControl(websocket.CloseMessage, message, time.Now().Add(time.Second))
			end(conn)
			return
		case "wait":
			end(conn)
			return
		}
	}
	conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Now().Add(time.Second))
	end(conn)
}

func end(conn *websocket.Conn) {
	_, _, err := conn.ReadMessage()
	closed, ok := err.(*websocket.CloseError)
	if !ok {
		log.Fatal("no close: ", err)
	}
	report(closed.Code, closed.Text)
}

func main() {
	if os.Args[1] == "serve" {
		serve()
		return
	}
	var script [][]interface{}
	var chosen options
	if err := json.Unmarshal([]byte(os.Args[3]), &script); err != nil {
		log.Fatal(err)
	}
	if err := json.Unmarshal([]byte(os.Args[4]), &chosen); err != nil {
		log.Fatal(err)
	}
	client(os.Args[2], script, chosen)
}
